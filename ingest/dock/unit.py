"""The agent as a systemd service: a user of its own, one small privilege, its footage and its notes to write to."""

from __future__ import annotations

from pathlib import Path

from ingest.dock.config import DockConfig
from ingest.dock.words import Words

_HOMES = (Path("/home"), Path("/root"), Path("/run/user"))

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
ProtectHome={homes}
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
        access.append(f"ReadWritePaths={_escaped(config.state.resolve())}")
    if config.station_key_file is not None:
        # A replaced key is a new file under the old name; systemd takes no folder but an absolute one.
        access.append(f"ReadWritePaths=-{_escaped(config.station_key_file.absolute().parent.resolve())}")
    return _UNIT.format(
        config=_escaped(config_path.resolve()),
        program=_escaped(program.resolve()),
        # Hidden homes would hide the program as well: then they can only be read.
        homes="read-only" if _lying_in_homes(config, config_path, program) else "yes",
        access="\n".join(access),
    )


def warn_of_homes(config: DockConfig, config_path: Path, program: Path) -> tuple[Words, ...]:
    """What a person has to see to before the unit starts: files in homes, which the service may not look into."""
    lying = ", ".join(map(str, _lying_in_homes(config, config_path, program)))
    if not lying:
        return ()
    return (
        Words(
            f"{lying}: below a home. The unit therefore leaves homes readable (ProtectHome=read-only), and the user "
            "liuhen-dock must be allowed to read what is there; Debian makes homes for their owner alone. Better "
            "install to /opt/liuhen and keep the configuration and the key in /etc/liuhen (docs/docking.md)",
            f"{lying} 在用户主目录之下。服务单元因此不隐藏主目录（ProtectHome=read-only），"
            "用户 liuhen-dock 须有权读取；而 Debian 的主目录默认只有其主人可进入。"
            "建议把程序安装到 /opt/liuhen，配置与密钥放在 /etc/liuhen"
            "（见 docs/docking.md）",
        ),
    )


def _lying_in_homes(config: DockConfig, config_path: Path, program: Path) -> list[Path]:
    """Of the program and all it reads or writes, what ProtectHome=yes would hide (systemd.exec(5))."""
    named = (config.station_key_file, config.station_token_file, config.state, config.ca_file)
    keys = (config.archive_key, config.ledger_key)
    files = [program, config_path, *config.places.folders, *config.places.mounts]
    paths = [path.resolve() for path in (*files, *(path for path in (*named, *keys) if path is not None))]
    return sorted({path for path in paths if any(home == path or home in path.parents for home in _HOMES)})


def _escaped(path: Path) -> str:
    """As systemd reads it: % is its own, and blanks end a word."""
    return str(path).replace("\\", "\\\\").replace("%", "%%").replace(" ", "\\x20")
