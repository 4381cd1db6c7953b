// The modules of every page. Each module looks for what it serves and does nothing where there is none.
import { serveCopying } from "./copying.js";
import { servePicking } from "./picking.js";
import { servePlayers } from "./player.js";
import { serveRows } from "./rows.js";
import { serveRedaction } from "./redaction.js";
import { serveTimeLines } from "./timeline.js";
import { serveWatermarks } from "./watermark.js";

serveCopying(document);
servePicking(document);
servePlayers(document);
serveRows(document);
serveWatermarks(document);
serveTimeLines(document);
serveRedaction(document);
