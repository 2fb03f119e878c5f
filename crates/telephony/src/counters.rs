//! What the wing saw, as numbers that only rise. Never a caller, never an address.

use std::sync::atomic::{AtomicU64, Ordering};

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Counts since the start; a snapshot of all of them.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct Counters {
            $($(#[$doc])* pub $name: u64,)*
        }

        /// The living counters.
        #[derive(Debug, Default)]
        pub(crate) struct Tally {
            $(pub(crate) $name: Count,)*
        }

        impl Tally {
            pub(crate) fn snapshot(&self) -> Counters {
                Counters { $($name: self.$name.get(),)* }
            }
        }
    };
}

counters! {
    /// First INVITEs of trunks and calls from the page: what the journal must know, each once.
    attempts,
    /// Attempts that could not be written in the journal and were refused with 503.
    unwritten,
    /// Attempts refused for their description: no codec, no transport, no SDP.
    refused_description,
    /// Attempts refused because every line of the machine was taken.
    refused_full,
    /// Attempts that the center refused.
    refused_center,
    /// Attempts that the caller took back before the answer.
    cancelled,
    /// Calls answered with 200.
    answered,
    /// Calls made to the outside.
    dialed,
    /// Datagrams and connections of sources that are no trunk.
    unknown_source,
    /// Messages that are not SIP, or SIP with something missing.
    malformed,
    /// Messages longer than the limit.
    oversized,
    /// REGISTER and other methods that the wing does not serve.
    refused_method,
    /// Messages beyond what one source may send in a second.
    throttled,
    /// Refusals of the above that were sent to a UDP source.
    refusals_sent,
    /// Refusals that were not sent, because there were too many in that second.
    refusals_held,
    /// TCP connections taken.
    tcp_opened,
    /// TCP connections that are over.
    tcp_closed,
    /// TCP connections refused because their source, or all together, held too many.
    tcp_refused,
    /// TCP connections closed because nobody can tell where the next message begins, or because too
    /// much on them was malformed.
    tcp_broken,
    /// TCP connections closed because a message took too long to arrive, or none did.
    tcp_slow,
    /// TCP connections closed because the other side does not read.
    tcp_unread,
    /// Requests inside a dialog that does not exist.
    no_dialog,
    /// OPTIONS of trunks.
    options,
    /// Session timers that ran out.
    session_expired,
    /// Lines that went silent.
    line_lost,
    /// RTP of a source that is not the other end of the line.
    rtp_wrong_source,
    /// Datagrams on a media port that are neither RTP nor RTCP, or longer than a telephone's.
    rtp_malformed,
    /// Descriptions that wanted sound sent to everybody, to nobody, or to this machine itself.
    rtp_misdirected,
    /// RTP packets heard.
    rtp_heard,
    /// RTP packets sent.
    rtp_sent,
    /// RTP packets that the kernel did not take.
    rtp_unsent,
    /// RTP packets spoken anew, as the line they went to does not take their codec.
    rtp_interpreted,
    /// Keys heard.
    keys,
    /// Datagrams on the WebRTC port that belong to no line.
    webrtc_unknown,
    /// WebRTC offers that could not be answered.
    webrtc_refused,
    /// Pieces of sound that the recorder could not take in time.
    recording_overflow,
    /// Packets that came too late for the recording.
    recording_late,
    /// Recordings that could not be written.
    recording_failed,
}

/// One counter.
#[derive(Debug, Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}
