//! What `incamera` and `str0m` call the same codecs.

use incamera::Codec;
use str0m::RtcConfig;
use str0m::format::{self, CodecConfig, PayloadParams};
use str0m::media::{Frequency, MediaKind};
use str0m::rtp::Extension;

/// H.264 as browsers offer it: payload types of the stream and of its resent packets, profile and level.
const H264: [(u8, u8, u32); 2] = [(108, 109, 0x0042_e01f), (114, 115, 0x0064_001f)];

/// What is offered: the codecs whose sealed frames `str0m` can packetise, under the payload types that
/// browsers use, and with no more words than needed, for all that is received goes into one offer.
pub(super) fn offer(config: RtcConfig) -> RtcConfig {
    let mut config = config
        .clear_codecs()
        .enable_opus(true, false)
        .enable_vp8(true)
        .enable_av1(true)
        .clear_extension_map()
        .set_extension(3, Extension::TransportSequenceNumber)
        .set_extension(4, Extension::RtpMid)
        .set_extension(10, Extension::RtpStreamId)
        .set_extension(11, Extension::RepairedRtpStreamId);
    for (payload, resent, profile) in H264 {
        config.codec_config().add_h264(payload.into(), Some(resent.into()), true, profile);
    }
    let mut params = config.codec_config().params().to_vec();
    params.iter_mut().for_each(|params| params.set_fb_remb(false));
    *config.codec_config() = CodecConfig::new_from_payload_params(params);
    config
}

/// The codec of a payload type.
pub(super) fn of(params: &PayloadParams) -> Option<Codec> {
    match params.spec().codec {
        format::Codec::Opus => Some(Codec::Opus),
        format::Codec::Vp8 => Some(Codec::Vp8),
        format::Codec::Av1 => Some(Codec::Av1),
        format::Codec::H264 => Some(Codec::H264),
        _ => None,
    }
}

/// Sound or pictures.
pub(super) fn kind(codec: Codec) -> MediaKind {
    if codec == Codec::Opus { MediaKind::Audio } else { MediaKind::Video }
}

/// The ticks of its media time.
pub(super) fn clock(codec: Codec) -> Frequency {
    if codec == Codec::Opus { Frequency::FORTY_EIGHT_KHZ } else { Frequency::NINETY_KHZ }
}
