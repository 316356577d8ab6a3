// Photos that a person chose to keep, on this device alone, to compare with later ones. Nothing of it is ever sent.

const STORE = "photos";

function database() {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open("dermacast", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "taken" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
}

async function work(mode, what) {
  const opened = await database();
  try {
    const request = what(opened.transaction(STORE, mode).objectStore(STORE));
    return await new Promise((resolve, reject) => {
      request.transaction.oncomplete = () => resolve(request.result);
      request.transaction.onabort = () => reject(request.transaction.error);
    });
  } finally {
    opened.close();
  }
}

export const keep = (entry) => work("readwrite", (store) => store.put(entry));
export const kept = () => work("readonly", (store) => store.getAll());
export const erase = () => work("readwrite", (store) => store.clear());
