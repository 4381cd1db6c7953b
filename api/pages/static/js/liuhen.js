// The entry of every page. Each module looks for what it serves and does nothing where there is none.
import { serveActions } from "./actions.js";
import { serveCopying } from "./copying.js";
import { servePlayers } from "./player.js";

serveActions(document);
serveCopying(document);
servePlayers(document);
