//! A counselor at the desk in a real browser, by keyboard alone. Never the citizen's side.

use crate::browser::{Browser, CONTROL, ENTER};
use crate::building::Building;
use crate::peer::Folder;
use crate::sound;

pub const ALT: &str = "\u{E00A}";
pub const F2: &str = "\u{E032}";
pub const F8: &str = "\u{E038}";
/// Rate of a microphone in a browser.
const MICROPHONE_RATE: u32 = 48_000;

/// A browser takes what its loudspeaker plays out of what its microphone hears. That is right for
/// voices; of a tone beside another tone it leaves now more, now less. So a page gets the
/// microphone as it is, whatever it asks for.
const AS_IT_IS: &str = "
    const media = navigator.mediaDevices;
    if (media) {
      const ask = media.getUserMedia.bind(media);
      const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
      media.getUserMedia = (wanted) =>
        ask(wanted.audio ? { ...wanted, audio: plain } : wanted);
    }";

/// A counselor who is signed in.
pub struct Desk {
    pub browser: Browser,
}

/// A browser whose microphone hears pulses of the frequency.
pub fn browser(folder: &Folder, frequency: f64) -> Browser {
    let microphone = folder.join(&format!("microphone-{frequency}.wav"));
    let pulses = sound::pulses(frequency, MICROPHONE_RATE, 10.0);
    sound::write_wav(&microphone, MICROPHONE_RATE, &pulses);
    let browser = Browser::open(&microphone);
    browser.before_scripts(AS_IT_IS);
    browser
}

/// The loudest frequency that the page plays within three seconds, in hertz and decibels.
pub fn heard(browser: &Browser) -> (f64, f64) {
    let found = browser.run_async(
        "const context = new AudioContext();
         await context.resume();
         const source = context.createMediaStreamSource(document.getElementById('sound').srcObject);
         const analyser = context.createAnalyser();
         analyser.fftSize = 8192;
         source.connect(analyser);
         const bins = new Float32Array(analyser.frequencyBinCount);
         let best = [0, -200];
         for (let turn = 0; turn < 30; turn += 1) {
           await new Promise((done) => setTimeout(done, 100));
           analyser.getFloatFrequencyData(bins);
           bins.forEach((level, bin) => {
             if (level > best[1]) best = [bin * context.sampleRate / analyser.fftSize, level];
           });
         }
         await context.close();
         return best;",
    );
    let number = |index: usize| found[index].as_f64();
    let (Some(frequency), Some(level)) = (number(0), number(1)) else {
        panic!("the page could not listen: {found}");
    };
    (frequency, level)
}

/// Asserts that the page plays the tone.
pub fn assert_hears(browser: &Browser, frequency: f64) {
    let (found, level) = heard(browser);
    assert!(
        (found - frequency).abs() < 15.0 && level > -60.0,
        "the page plays {found:.0} Hz at {level:.0} dB, not {frequency:.0} Hz"
    );
}

impl Desk {
    /// Signs in and waits until the headset is connected.
    pub fn open(building: &Building, folder: &Folder, login: &str, frequency: f64) -> Desk {
        let browser = browser(folder, frequency);
        browser.go(&building.page("/desk?lang=en"));
        browser.type_into("#login", login);
        browser.type_into("#password", &format!("haneul-120{ENTER}"));
        let desk = Desk { browser };
        desk.until_connected();
        desk
    }

    /// Waits until the page is there again with its headset.
    pub fn until_connected(&self) {
        let connected = "const shown = document.getElementById('headset'); \
             const doing = document.getElementById('doing'); \
             return !!shown && shown.textContent.endsWith(': connected') \
                 && doing.className !== 'doing'";
        self.browser.until("the headset", connected);
    }

    /// Presses ready.
    pub fn ready(&self) {
        self.browser.press(F2);
        self.until_doing("ready");
    }

    /// Waits until the counselor is in this state.
    pub fn until_doing(&self, doing: &str) {
        let script =
            format!("return document.getElementById('doing').classList.contains('{doing}')");
        self.browser.until(&format!("the state {doing}"), &script);
    }

    /// Waits for the ring; the text of the card as the counselor reads it before the voice.
    pub fn until_ring(&self) -> String {
        self.until_doing("ringing");
        let card = "const card = document.getElementById('card'); \
             const number = document.getElementById('number').textContent; \
             return !card.hidden && !number.includes('…') && card.innerText";
        let text = self.browser.until("the card", card);
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Takes the call.
    pub fn answer(&self) {
        self.browser.press(F8);
        self.until_doing("talk");
    }

    /// Types a note, finds a category and chooses an outcome by its code.
    pub fn write(&self, note: &str, category: &str, outcome: &str) {
        self.browser.press(&format!("{ALT}n"));
        self.browser.press(note);
        self.browser.press(&format!("{ALT}c"));
        self.browser.press(category);
        self.browser.press(ENTER);
        self.browser.press(&format!("{ALT}o"));
        self.browser.press(outcome);
    }

    /// Closes the record; ready for the next contact.
    pub fn close(&self) {
        self.browser.press(&format!("{CONTROL}{ENTER}"));
        self.until_doing("ready");
    }

    /// The number of the contact at hand.
    pub fn contact(&self) -> u64 {
        let found = self
            .browser
            .run("return document.getElementById('contact').textContent");
        let number = found.as_str().and_then(|text| text.parse().ok());
        number.expect("a contact at hand")
    }
}
