// The peer of `liuhen bench upload`: @tus/server with its file store, made durable as ours is: node server.mjs FOLDER
//
// A finished upload is answered when its bytes, its info and their names are on the disk: of one whose `<id>.json` a
// power failure took, the server says that there is none (404), whatever became of the bytes. Prints its port.
import fs from "node:fs/promises";
import path from "node:path";
import { FileStore } from "@tus/file-store";
import { Server } from "@tus/server";

const folder = process.argv[2];

async function synced(name, sync) {
  const handle = await fs.open(name, "r");
  try {
    await sync(handle);
  } finally {
    await handle.close();
  }
}

const server = new Server({
  path: "/uploads",
  datastore: new FileStore({ directory: folder }),
  async onUploadFinish(_, upload) {
    const files = [upload.id, `${upload.id}.json`];
    await Promise.all(files.map((name) => synced(path.join(folder, name), (file) => file.datasync())));
    await synced(folder, (directory) => directory.sync());
    return {};
  },
});
const listening = server.listen({ host: "127.0.0.1", port: 0 }, () => console.log(listening.address().port));
