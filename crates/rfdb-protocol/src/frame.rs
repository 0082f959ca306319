//! Frames: a length of four bytes, big-endian, and that many bytes.

/// The largest request that servers of the protocol accept: 100 MiB.
pub const MAX_REQUEST_BYTES: usize = 100 * 1024 * 1024;

/// Bytes before the content of a frame.
pub const HEADER_BYTES: usize = 4;

/// Why a frame is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a frame of {announced} bytes exceeds the limit of {limit}")]
pub struct FrameTooLarge {
    /// What the frame's header says.
    pub announced: usize,
    /// What is accepted.
    pub limit: usize,
}

/// Writes a frame: leaves room for the header, lets `content` append, and fills the header in.
///
/// ```
/// use rfdb_protocol::frame;
/// let mut out = Vec::new();
/// frame::write(&mut out, |out| -> Result<(), frame::FrameTooLarge> {
///     out.extend_from_slice(b"abc");
///     Ok(())
/// })?;
/// assert_eq!(out, b"\0\0\0\x03abc");
/// # Ok::<(), frame::FrameTooLarge>(())
/// ```
///
/// # Errors
/// What `content` answers, and [`FrameTooLarge`] beyond 4 GiB; `out` is then as it was.
pub fn write<E: From<FrameTooLarge>>(
    out: &mut Vec<u8>,
    content: impl FnOnce(&mut Vec<u8>) -> Result<(), E>,
) -> Result<(), E> {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    if let Err(error) = content(out) {
        out.truncate(start);
        return Err(error);
    }
    let length = out.len() - start - HEADER_BYTES;
    let Ok(header) = u32::try_from(length) else {
        out.truncate(start);
        return Err(FrameTooLarge {
            announced: length,
            limit: u32::MAX as usize,
        }
        .into());
    };
    out[start..start + HEADER_BYTES].copy_from_slice(&header.to_be_bytes());
    Ok(())
}

/// Cuts a stream of bytes into frames. Memory grows with what has arrived, not with what a header announces.
///
/// ```
/// use rfdb_protocol::frame::Decoder;
/// let mut decoder = Decoder::new(100);
/// decoder.push(b"\0\0\0\x03ab");
/// assert_eq!(decoder.next_frame(), Ok(None));
/// decoder.push(b"c\0");
/// assert_eq!(decoder.next_frame(), Ok(Some(&b"abc"[..])));
/// assert_eq!(decoder.next_frame(), Ok(None));
/// assert!(decoder.is_inside_frame());
/// ```
#[derive(Debug)]
pub struct Decoder {
    buffer: Vec<u8>,
    start: usize,
    limit: usize,
}

impl Decoder {
    /// A decoder of frames of at most so many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            limit,
        }
    }

    /// Adds bytes that arrived.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        self.buffer.extend_from_slice(bytes);
    }

    /// The place to append arriving bytes to.
    pub fn buffer(&mut self) -> &mut Vec<u8> {
        self.compact();
        &mut self.buffer
    }

    /// Drops what was already given out. Called before new bytes arrive, so that each byte is moved at most once per
    /// arrival and a large buffer does not stay for ever.
    fn compact(&mut self) {
        const KEEP: usize = 1 << 20;
        if self.start == 0 {
            return;
        }
        if self.start == self.buffer.len() {
            self.buffer.clear();
            if self.buffer.capacity() > KEEP {
                self.buffer.shrink_to(KEEP);
            }
        } else {
            self.buffer.drain(..self.start);
        }
        self.start = 0;
    }

    /// The content of the next frame, if all of it has arrived.
    ///
    /// # Errors
    /// [`FrameTooLarge`] as soon as the header has arrived; the stream is of no use from there on.
    pub fn next_frame(&mut self) -> Result<Option<&[u8]>, FrameTooLarge> {
        let rest = &self.buffer[self.start..];
        let Some((header, content)) = rest.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*header) as usize;
        if length > self.limit {
            return Err(FrameTooLarge {
                announced: length,
                limit: self.limit,
            });
        }
        if content.len() < length {
            return Ok(None);
        }
        let from = self.start + HEADER_BYTES;
        self.start = from + length;
        Ok(Some(&self.buffer[from..from + length]))
    }

    /// The complete frames that wait, without taking them out.
    pub fn peek_frames(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = &self.buffer[self.start..];
        std::iter::from_fn(move || {
            let (header, content) = rest.split_first_chunk::<HEADER_BYTES>()?;
            let (frame, behind) = content.split_at_checked(u32::from_be_bytes(*header) as usize)?;
            rest = behind;
            Some(frame)
        })
    }

    /// Bytes that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Whether a frame has begun to arrive and is not complete.
    #[must_use]
    pub fn is_inside_frame(&self) -> bool {
        self.start < self.buffer.len()
    }
}
