//! How messages of gRPC are read and written.

use prost::Message;
use std::marker::PhantomData;
use tonic::codec::{BufferSettings, Codec};
use tonic_prost::ProstCodec;

/// The room from the start for what is read, and for what is written, of each call, in bytes. Longer messages get more.
const ROOM: usize = 1 << 10;

/// Answers of a stream are given to HTTP/2 once they are so long together, in bytes.
const TOGETHER: usize = 32 << 10;

/// The rooms of a call.
pub(crate) fn buffers() -> BufferSettings {
    BufferSettings::new(ROOM, TOGETHER)
}

/// Messages of prost's, as [`ProstCodec`] has them, but in rooms of our own: its own are of 8 KiB, two for each call.
#[derive(Debug)]
pub(crate) struct Messages<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Messages<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> Codec for Messages<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = <ProstCodec<T, U> as Codec>::Encoder;
    type Decoder = <ProstCodec<T, U> as Codec>::Decoder;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(buffers())
    }

    fn decoder(&mut self) -> Self::Decoder {
        ProstCodec::<T, U>::raw_decoder(buffers())
    }
}
