//! The plain data by which a page and telephony set up a WebRTC line. Never packets.

use center::city::CounselorId;
use tokio::sync::{mpsc, oneshot, watch};

/// What a page asks of telephony.
#[derive(Debug)]
pub enum MediaRequest {
    /// A desk (re)connects its headset: one line for the whole shift, replaced by the next offer.
    Desk {
        /// Counselor.
        counselor: CounselorId,
        /// SDP offer.
        offer: String,
        /// SDP answer, or why not in words for the page.
        reply: oneshot::Sender<Result<String, String>>,
    },
    /// A desk's page wants to know in what its headset shall speak, now and whenever that changes;
    /// the next one to ask takes the place of the one before.
    DeskCodec {
        /// Counselor.
        counselor: CounselorId,
        /// Subtype of the codec's media type, as browsers name it (`opus`, `G722`, `PCMU`); none
        /// outside a talk.
        tell: watch::Sender<Option<&'static str>>,
    },
    /// The desk closed for good.
    DeskGone {
        /// Counselor.
        counselor: CounselorId,
    },
    /// A citizen calls from the page: arrives like a telephone call by the trunk `page`.
    Citizen {
        /// Secret number of this call, made by the page's server; names it in `CitizenHangUp`.
        call: String,
        /// SDP offer.
        offer: String,
        /// SDP answer, or why not in words for the page.
        reply: oneshot::Sender<Result<String, String>>,
    },
    /// The citizen pressed a key on the page.
    CitizenKey {
        /// Secret number.
        call: String,
        /// Key.
        key: char,
    },
    /// The citizen hung up on the page.
    CitizenHangUp {
        /// Secret number.
        call: String,
    },
    /// The counselor muted or opened the microphone.
    Mute {
        /// Counselor.
        counselor: CounselorId,
        /// Muted.
        on: bool,
    },
    /// What a page shows of the citizen's call while it waits: text of the prompts and the state.
    CitizenState {
        /// Secret number.
        call: String,
        /// State, none when there is no such call.
        reply: oneshot::Sender<Option<CitizenState>>,
    },
}

/// What a citizen who calls from the page may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CitizenState {
    /// Contact number.
    pub contact: center::city::ContactId,
    /// Whether the line is up.
    pub up: bool,
    /// In what the page shall speak, by the subtype of the media type; none before a talk.
    pub codec: Option<&'static str>,
}

/// The way to telephony for pages.
#[derive(Clone, Debug)]
pub struct MediaPort {
    requests: mpsc::Sender<MediaRequest>,
}

impl MediaPort {
    /// A port and the end that telephony reads.
    pub fn new() -> (MediaPort, mpsc::Receiver<MediaRequest>) {
        let (requests, inbox) = mpsc::channel(256);
        (MediaPort { requests }, inbox)
    }

    /// Hands a request to telephony; false when it is gone or overloaded.
    pub fn ask(&self, request: MediaRequest) -> bool {
        self.requests.try_send(request).is_ok()
    }
}
