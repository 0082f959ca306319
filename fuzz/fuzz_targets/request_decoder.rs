//! Any bytes are a request or an error; a request can be written again and then reads as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rfdb_protocol::{decode_request, encode_request};

fuzz_target!(|bytes: &[u8]| {
    let incoming = decode_request(bytes);
    if let Ok(request) = incoming.request {
        let mut again = Vec::new();
        encode_request(&request, incoming.request_id.as_deref(), &mut again)
            .expect("what was decoded can be encoded");
        let read = decode_request(&again);
        assert_eq!(read.request.as_ref(), Ok(&request));
        assert_eq!(read.request_id, incoming.request_id);
    }
});
