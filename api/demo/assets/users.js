// The customers of the demo, and the flags that decide what they see.

export const users = [
  ["ada", "Ada", "GB", "gold"],
  ["bruno", "Bruno", "BR", "free"],
  ["chidi", "Chidi", "NG", "free"],
  ["dana", "Dana", "US", "free"],
  ["elif", "Elif", "TR", "gold"],
  ["farid", "Farid", "DE", "free"],
  ["grace", "Grace", "US", "free"],
  ["hiro", "Hiro", "JP", "free"],
  ["ines", "Inês", "PT", "gold"],
  ["jonas", "Jonas", "DE", "free"],
  ["kavya", "Kavya", "IN", "free"],
  ["liam", "Liam", "IE", "free"],
].map(([id, name, country, plan]) => ({ id, name, country, plan }));

export const EXPRESS = "demo-express-checkout";
export const THEME = "demo-theme";
export const BANNER = "demo-banner";

export const flags = [
  { key: EXPRESS, what: "Boolean, by a percentage rollout: who gets a second button." },
  { key: THEME, what: "A text with three variants: the colours of the shop." },
  { key: BANNER, what: "An object, by a rule for gold customers: the line at the top." },
];
