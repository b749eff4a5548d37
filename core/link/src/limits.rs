//! Every maximum of a link, with what happens there. Nothing here is negotiated; a peer that
//! exceeds one is ended as `ProtocolBroken`, except where the line says otherwise.

use std::time::Duration;

/// Largest payload of one DATA frame, in bytes.
pub const PAYLOAD_MAX: usize = 64 * 1024;
/// Payload that we put into one DATA frame: small enough that streams take turns.
pub const PAYLOAD_USUAL: usize = 32 * 1024;
/// Bytes a second from which on payloads are as long as they may be: they take a millisecond there.
pub const PAYLOAD_LONG_FROM: u64 = 64 * 1024 * 1024;
/// Longest frame of a kind that this release does not know and skips, in bytes.
pub const UNKNOWN_FRAME_MAX: usize = 64 * 1024;
/// Bytes a stream keeps until they are acknowledged. At it, `write` refuses and the program waits.
pub const SEND_BUFFER_MAX: usize = 4 * 1024 * 1024;
/// Bytes a peer may send on one stream beyond what our application took.
pub const RECEIVE_WINDOW: u64 = 4 * 1024 * 1024;
/// Pieces out of order that one stream holds. At it, further ones are dropped (and sent again).
pub const PIECES_MAX: usize = 1024;
/// Streams that one end may have open at once. At it, `write` refuses.
pub const STREAMS_EACH_MAX: usize = 2048;
/// Streams of one end that its peer puts up with: who forgets a finished stream first may open the
/// next before the other has forgotten it too. A peer beyond it loses its carrier.
pub const STREAMS_EACH_ACCEPTED: usize = 2 * STREAMS_EACH_MAX;
/// Streams that one RESUME tells of; more go in further ones. Earlier releases take no more.
pub const RESUME_STREAMS_MAX: usize = 256;
/// Window of a growing stream at first, and the least room its sender keeps for it.
pub const WINDOW_FIRST: u64 = 16 * 1024;
/// Bytes by which all windows of growing streams together may exceed their first size. No window grows
/// by more than a quarter of what is left, so that something always is.
pub const WINDOW_GROWTH_MAX: u64 = 16 * 1024 * 1024;
/// Unacknowledged bytes that all growing streams of a link hold together beyond [`WINDOW_FIRST`] each.
/// At it, `room` of each is what is left of that. So 1,000 stalled streams hold at most 64 MiB: 16 MiB
/// in each direction and 16 KiB for each stream and direction.
pub const SEND_GROWTH_MAX: usize = 16 * 1024 * 1024;
/// A window that was used up within two round trips and this was too small.
pub const WINDOW_ALLOWANCE: Duration = Duration::from_millis(20);
/// Pieces of a stream that wait to be read are joined up to this, so that tiny frames stay cheap to hold.
pub const JOIN_MAX: usize = 2048;
/// Ranges of forgotten streams remembered of each kind, so that late frames do not open them again. At
/// it, the lowest two become one, with what was never opened between them.
pub const GONE_RANGES_MAX: usize = 4096;
/// Retired streams whose last acknowledgement is told again if need be. The lowest go first.
pub const RETIRED_MAX: usize = 2 * STREAMS_EACH_MAX;
/// Abandoned streams whose lanes the driver has not been told to reset. At it, the oldest go, and their
/// lanes end when what is in them was sent.
pub const RESETS_MAX: usize = STREAMS_EACH_MAX;
/// Carriers at once. At it, `add_carrier` refuses.
pub const CARRIERS_MAX: usize = 8;
/// PONGs waiting on one carrier. At it, the oldest goes. (Of other control frames at most one of a kind
/// waits, of ACK one for each stream.)
pub const PONGS_MAX: usize = 64;
/// Unacknowledged bytes of an interactive stream that every datagram repeats whole.
pub const TAIL_MAX: usize = 1000;
/// Room that a DATA frame's head may need in a datagram: kind and length, and two long numbers.
pub const DATA_HEAD_MAX: usize = 24;
/// Tails are repeated ahead of any answer on a carrier that loses at least this share of its packets:
/// below it, one keystroke or echo in 50 waits for a timer, which is less than the repeats would cost.
pub const MASK_FROM: f64 = 0.01;
/// Share of tails that may be lost with all their repeats.
pub const MASK_RESIDUE: f64 = 0.002;
/// Most repeats of one tail.
pub const COPIES_MAX: u32 = 4;
/// A repeat follows after a tenth of the round trip, but no sooner than this; each gap is twice the last.
pub const COPY_GAP_MIN: Duration = Duration::from_millis(8);
/// And no later than this, at first.
pub const COPY_GAP_MAX: Duration = Duration::from_millis(40);
/// Bytes a second that repeats on one carrier may cost. Beyond it they are left out.
pub const MASK_RATE: u64 = 8 * 1024;
/// Bytes that they may cost at once.
pub const MASK_BURST: u64 = 8 * 1024;
/// Loss is the share of this many packets, the last ones: 25 s of typing or so.
pub const LOSS_COUNTED_MAX: f64 = 256.0;
/// Packets that are taken to have been sent before the first.
pub const LOSS_PRIOR: f64 = 10.0;
/// Of these, the lost ones: a carrier begins as one that may lose packets, since a person's first keys
/// are no place to find out, and the first 40 that arrive show that it does not.
pub const LOSS_PRIOR_LOST: f64 = 0.5;
/// Bytes of an ending's evidence on the wire; longer is cut.
pub const EVIDENCE_MAX: usize = 512;

/// Bytes in flight on a pipe before anything was measured, and the least ever allowed.
pub const IN_FLIGHT_FLOOR: u64 = 64 * 1024;
/// Most bytes in flight on a pipe.
pub const IN_FLIGHT_MAX: u64 = 8 * 1024 * 1024;
/// The bound in least round trips at the measured rate: what is more than one waits in queues, and is
/// what makes the rate grow when there is more to have.
pub const IN_FLIGHT_GAIN: f64 = 1.35;
/// The same until the rate is known.
pub const IN_FLIGHT_GAIN_FIRST: f64 = 2.0;
/// Added to the round trip when the bound is computed: scheduling on busy machines takes this long.
pub const IN_FLIGHT_ALLOWANCE: Duration = Duration::from_millis(20);

/// Doubt starts no earlier than this after something that needs an answer was sent.
pub const DOUBT_MIN: Duration = Duration::from_millis(200);
/// Doubt starts no later than this.
pub const DOUBT_MAX: Duration = Duration::from_secs(3);
/// First wait before a tail is sent again, whatever the round trip.
pub const RETRANSMIT_MIN: Duration = Duration::from_millis(30);
/// Longest wait between two repeats of an unanswered tail or ping.
pub const RETRANSMIT_MAX: Duration = Duration::from_secs(10);
/// Echoes come within this; an acknowledgement waits for one to travel with.
pub const ACK_DELAY: Duration = Duration::from_millis(10);
/// A tail that was sent no longer ago than this goes along with an acknowledgement in the same packet: an
/// echo that was lost comes with the word that its key arrived.
pub const RIDE_WITHIN: Duration = Duration::from_millis(30);
/// Longest tail that does, in bytes: an echo, with what a line editor redraws.
pub const RIDE_MAX: usize = 256;
/// Bytes received on a stream after which an acknowledgement does not wait. On its way through ssh each
/// wakes four processes, so that more of them would slow a transfer down.
pub const ACK_EVERY: u64 = RECEIVE_WINDOW / 4;

/// Silence on a datagram carrier after which a keepalive goes out, less the jitter: inside the 30 s
/// after which many NATs forget a UDP mapping (RFC 9000, 10.1.2; Linux conntrack's own default).
pub const KEEPALIVE_DATAGRAM: Duration = Duration::from_millis(29_500);
/// The same on a pipe: TCP mappings hold for minutes (shortest known default: 4 min).
pub const KEEPALIVE_PIPE: Duration = Duration::from_secs(60);
/// No keepalive is more frequent than this in a quiet link (RFC 8085, 3.5).
pub const KEEPALIVE_MIN: Duration = Duration::from_secs(15);
/// After something was heard, one early check that the path still stands.
pub const EARLY_CHECK: Duration = Duration::from_secs(2);
