// A form that is new begins in the viewer's zone: `<input data-zone>` has UTC until here, and what is typed stays.
export function begin(root) {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  for (const field of root.querySelectorAll("input[data-zone]")) {
    if (zone && field.value === field.defaultValue) field.defaultValue = field.value = zone;
  }
}
