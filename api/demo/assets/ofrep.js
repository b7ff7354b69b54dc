// OFREP (https://openfeature.dev/docs/reference/other-technologies/ofrep) as a web page uses it: all flags of one
// context in one request, repeated when the stream says that something changed.

const FLAGS = "/ofrep/v1/evaluate/flags";
/** Names the environment that is asked, where the page's address does. */
export const query = location.search.includes("environment=") ? location.search : "";

/** Evaluates all flags for a context. Resolves to null where nothing changed since the answer with this ETag. */
export async function evaluateAll(context, key, etag) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers["X-API-Key"] = key;
  if (etag) headers["If-None-Match"] = etag;
  const response = await fetch(FLAGS + query, { method: "POST", headers, body: JSON.stringify({ context }) });
  if (response.status === 304) return null;
  const body = await response.json();
  if (!response.ok) throw Object.assign(new Error(body.errorDetails), { status: response.status });
  return {
    etag: response.headers.get("ETag"),
    flags: Object.fromEntries(body.flags.map((flag) => [flag.key, flag])),
    stream: body.eventStreams?.[0]?.url,
  };
}

/** Calls `changed` at each change and `lost` when the stream ends for good; returns what closes it. */
export function listen(url, { changed, lost }) {
  const source = new EventSource(url);
  source.addEventListener("message", changed);
  source.addEventListener("error", () => {
    source.close();
    lost();
  });
  return () => source.close();
}
