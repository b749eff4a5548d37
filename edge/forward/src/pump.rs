//! Moves bytes between a socket and its stream, each way only as far as the other side takes them.

use std::io;

use abide_link::{Link, Read, StreamId};
use abide_terms::Moment;
use abide_x11::{Step, Wrong};
use bytes::{Bytes, BytesMut};

use crate::connection::{Half, Phase};
use crate::forwards::{Forwards, Report, What};
use crate::limits::{BLOCK, CHUNK, COPY_UPTO, IN_LINK_MAX, TURN_MAX};
use crate::socket::Direction;

impl Forwards {
    /// From the socket into the link, as far as the link has room.
    pub(crate) fn pump_in(&mut self, link: &mut Link, id: StreamId) {
        let mut moved = 0;
        loop {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            let Some(socket) = connection.socket.clone() else { return };
            if connection.inward == Half::Ended || connection.waits_in.is_some() {
                return;
            }
            let room = link.room(id).min(IN_LINK_MAX.saturating_sub(link.unacknowledged(id)));
            if room == 0 {
                connection.starved = true;
                return;
            }
            if moved >= TURN_MAX {
                return self.wait(id, Direction::In);
            }
            make_room(&mut self.buffer);
            match socket.read(&mut self.buffer, room.min(CHUNK)) {
                Ok(0) => {
                    connection.inward = Half::Ended;
                    link.finish(id);
                    return self.retire_if_over(link, id);
                }
                Ok(count) => {
                    moved += count;
                    connection.passed.0 += count as u64;
                    // There is room for them: it was asked for before they were read.
                    let _ = link.write(id, taken(&mut self.buffer));
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.wait(id, Direction::In);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.cut(link, id),
            }
        }
    }

    /// From the link to the socket, as far as the socket takes it. What it does not take stays in the
    /// link, whose window closes.
    pub(crate) fn pump_out(&mut self, now: Moment, link: &mut Link, id: StreamId) {
        let mut moved = 0;
        loop {
            let Some(connection) = self.connections.get_mut(&id) else { return };
            if connection.outward == Half::Ended {
                return;
            }
            let is_opening = matches!(connection.phase, Phase::Asked | Phase::Asking);
            // While we connect, what the peer sent already waits in the link.
            if connection.waits_out.is_some() {
                return;
            }
            if connection.pieces.is_empty() {
                match link.read(now, id) {
                    Read::Nothing => return,
                    Read::End => return self.on_end(link, id),
                    Read::Bytes(bytes) if is_opening => {
                        self.take_opening(now, link, id, &bytes);
                        if self.is_wanted(id) {
                            return;
                        }
                        continue;
                    }
                    Read::Bytes(_) if connection.phase == Phase::Refused => continue,
                    Read::Bytes(bytes) => {
                        connection.pieces.push_back(bytes);
                        if connection.setup.is_none() {
                            connection.gather(now, link, id);
                        }
                    }
                }
            }
            if let Some(setup) = &mut connection.setup {
                let piece = connection.pieces.pop_front().unwrap_or_default();
                match setup.handle_bytes(&piece) {
                    Step::More => continue,
                    Step::Passed(bytes) => {
                        connection.setup = None;
                        connection.put_first(bytes.into());
                    }
                    Step::Refused(wrong) => return self.turn_out(now, link, id, wrong),
                }
            }
            if moved >= TURN_MAX {
                return self.wait(id, Direction::Out);
            }
            let Some(socket) = connection.socket.clone() else { return };
            match connection.write(&socket) {
                Ok(count) => moved += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    return self.wait(id, Direction::Out);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return self.cut(link, id),
            }
        }
    }

    /// An X program that may not use the display finds its connection at an end.
    fn turn_out(&mut self, now: Moment, link: &mut Link, id: StreamId, wrong: Wrong) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        connection.phase = Phase::Refused;
        connection.inward = Half::Ended;
        connection.setup = None;
        connection.close();
        link.finish(id);
        self.reports.push_back(Report::Wrong(wrong));
        self.pump_out(now, link, id);
    }

    /// Its owner was asked, and has not decided.
    fn is_wanted(&self, id: StreamId) -> bool {
        self.reports.iter().any(|report| matches!(report, Report::Wanted(of, _) if *of == id))
    }

    fn on_end(&mut self, link: &mut Link, id: StreamId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if matches!(connection.phase, Phase::Asked | Phase::Asking) {
            // It ended before it was whole.
            return self.cut(link, id);
        }
        connection.outward = Half::Ended;
        connection.socket.iter().for_each(|socket| socket.finish());
        self.retire_if_over(link, id);
    }

    /// Forgets a connection once both halves ended and the peer has all of ours.
    pub(crate) fn retire_if_over(&mut self, link: &mut Link, id: StreamId) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        if connection.inward == Half::Open || connection.outward == Half::Open {
            return;
        }
        // Whoever connected need not wait for the acknowledgement.
        connection.close();
        if link.is_drained(id) {
            self.connections.remove(&id);
        }
    }

    /// It was cut off at this end.
    fn cut(&mut self, link: &mut Link, id: StreamId) {
        self.handle_cut(link, id);
        self.reports.push_back(Report::Cut(id));
    }

    fn wait(&mut self, id: StreamId, direction: Direction) {
        let Some(connection) = self.connections.get_mut(&id) else { return };
        let Some(socket) = connection.socket.clone() else { return };
        let ready = async move {
            socket.ready(direction).await;
            What::Ready(id, direction)
        };
        let task = Some(self.outlet.spawn(ready));
        match direction {
            Direction::In => connection.waits_in = task,
            Direction::Out => connection.waits_out = task,
        }
    }
}

/// Room for a whole chunk: what is copied out of the buffer leaves its room as small as it was, and the
/// next read as short.
fn make_room(buffer: &mut BytesMut) {
    if buffer.capacity() - buffer.len() < CHUNK {
        buffer.reserve(BLOCK);
    }
}

/// What was read. A little of it is copied, so that it does not keep the rest of a large buffer alive.
fn taken(buffer: &mut BytesMut) -> Bytes {
    if buffer.len() <= COPY_UPTO {
        let bytes = Bytes::copy_from_slice(buffer);
        buffer.clear();
        return bytes;
    }
    buffer.split().freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_reads_make_no_later_one_short() {
        let mut buffer = BytesMut::new();
        for length in [CHUNK, CHUNK - COPY_UPTO / 2, COPY_UPTO / 2, COPY_UPTO, CHUNK, 1, CHUNK] {
            make_room(&mut buffer);
            assert!(buffer.capacity() >= CHUNK);
            buffer.resize(length, b'x');
            assert_eq!(taken(&mut buffer).len(), length);
            assert!(buffer.is_empty());
        }
    }
}
