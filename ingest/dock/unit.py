"""The agent as a systemd service: a user of its own, one small privilege, its footage and its notes to write to."""

from __future__ import annotations

from pathlib import Path

from ingest.dock.config import DockConfig

_UNIT = """\
# liuhen dock --config {config} --print-unit > /etc/systemd/system/liuhen-dock.service
[Unit]
Description=留痕采集工作站 / Liuhen docking agent
Wants=network-online.target
After=network-online.target local-fs.target

[Service]
Type=exec
ExecStart={program} dock --config {config} --json
User=liuhen-dock
Restart=on-failure
RestartSec=30
# 2: the configuration cannot be followed. Trying again would not help.
RestartPreventExitStatus=2
TimeoutStopSec=60
StateDirectory=liuhen-dock
StateDirectoryMode=0700
UMask=0077

# The system and all homes are read only or hidden; what is below is what the agent works on.
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
{access}
# /dev stays visible for the volumes' ids (/dev/disk/by-uuid); no device can be opened.
DevicePolicy=closed
NoNewPrivileges=yes
# The only one: to ask the kernel whether somebody still writes to a file that another user owns (fcntl(2), leases).
CapabilityBoundingSet=CAP_LEASE
AmbientCapabilities=CAP_LEASE
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectClock=yes
ProtectHostname=yes
ProtectProc=invisible
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
"""


def write_unit(config: DockConfig, config_path: Path, program: Path) -> str:
    """The unit's text. Footage may be written to only where files are wiped."""
    places = [*config.places.folders, *config.places.mounts]
    # "-": a place that is not there when the service starts, such as an empty slot, is no failure.
    access = [f"{'ReadWritePaths' if config.wipe else 'ReadOnlyPaths'}=-{_escaped(place)}" for place in places]
    if config.state is not None:
        access.append(f"ReadWritePaths={_escaped(config.state)}")
    if config.station_key_file is not None:
        # A replaced key is a new file under the old name.
        access.append(f"ReadWritePaths=-{_escaped(config.station_key_file.parent)}")
    return _UNIT.format(
        config=_escaped(config_path.resolve()), program=_escaped(program.resolve()), access="\n".join(access)
    )


def _escaped(path: Path) -> str:
    """As systemd reads it: % is its own, and blanks end a word."""
    return str(path).replace("\\", "\\\\").replace("%", "%%").replace(" ", "\\x20")
