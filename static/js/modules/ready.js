// Styles show what needs scripts, and hide what only helps without them, by this mark.
document.documentElement.dataset.js = "";
