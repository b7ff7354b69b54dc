// Sliders whose numbers stay at 100 together: what one gives or takes, the others take or give, in proportion.
document.addEventListener("input", (event) => {
  const group = event.target.closest("[data-shares]");
  if (!group) return;
  const rows = [...group.querySelectorAll(".share")].map((row) => row.querySelectorAll("input"));
  const moved = rows.find((row) => [...row].includes(event.target));
  const wanted = clamp(Number(event.target.value) || 0);
  if (event.target === moved[0]) moved[1].value = wanted;
  else moved[0].value = wanted;
  const others = rows.filter((row) => row !== moved);
  spread(100 - wanted, others.map((row) => Number(row[1].value) || 0)).forEach((percent, at) => {
    others[at][0].value = others[at][1].value = percent;
  });
});

// Shares a rest out in proportion, in whole percent where everything is whole, else in thousandths.
function spread(rest, before) {
  const unit = [rest, ...before].every(Number.isInteger) ? 1 : 1000;
  const sum = before.reduce((one, other) => one + other, 0);
  const exact = before.map((percent) => (sum ? (percent / sum) * rest : rest / before.length) * unit);
  const shares = exact.map(Math.floor);
  let left = Math.round(rest * unit) - shares.reduce((one, other) => one + other, 0);
  const byFraction = exact.map((_, at) => at).sort((one, other) => (exact[other] % 1) - (exact[one] % 1));
  for (const at of byFraction) if (left-- > 0) shares[at] += 1;
  return shares.map((share) => share / unit);
}

function clamp(percent) {
  return Math.min(100, Math.max(0, Math.round(percent * 1000) / 1000));
}
