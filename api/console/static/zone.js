// A form that is new begins in the viewer's zone: `<input data-zone>` has UTC until here.
export function begin(root) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) for (const field of root.querySelectorAll("input[data-zone]")) field.value = zone;
}
