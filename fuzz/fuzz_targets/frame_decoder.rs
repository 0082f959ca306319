//! Any bytes, cut into pieces anywhere, give the same frames, and never more memory than arrived.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfdb_protocol::frame::Decoder;

fn frames(decoder: &mut Decoder, out: &mut Vec<Vec<u8>>) -> bool {
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => out.push(frame.to_vec()),
            Ok(None) => return true,
            Err(_) => return false,
        }
    }
}

fuzz_target!(|input: (u8, Vec<u8>)| {
    let (piece, bytes) = input;
    let limit = 1 << 16;
    let mut whole = Vec::new();
    let mut decoder = Decoder::new(limit);
    decoder.push(&bytes);
    let whole_good = frames(&mut decoder, &mut whole);
    let mut pieces = Vec::new();
    let mut decoder = Decoder::new(limit);
    let mut good = true;
    for chunk in bytes.chunks(usize::from(piece) + 1) {
        decoder.push(chunk);
        good = good && frames(&mut decoder, &mut pieces);
        assert!(decoder.buffer().capacity() <= 4 * bytes.len() + 64);
    }
    assert_eq!((whole, whole_good), (pieces, good));
});
