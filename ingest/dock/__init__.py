"""The docking-station agent (采集工作站): brings a folder's footage in, and lets go of it only for a receipt."""
