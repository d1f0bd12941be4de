// Every page loads this one script. Nothing below is needed to buy or to work: pages work without it.
// Parts stand alone (no import or export inside them): collectstatic puts them in place of these lines.
import "./modules/ready.js";
import "./modules/submit-once.js";
import "./modules/error-summary.js";
import "./modules/check-on-blur.js";
import "./modules/autosubmit.js";
import "./modules/stepper.js";
import "./modules/variants.js";
import "./modules/gallery.js";
import "./modules/sticky-bar.js";
import "./modules/dialog.js";
import "./modules/dismiss.js";
import "./modules/select-all.js";
