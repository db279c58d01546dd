// What a frame of a codec consists of.

import { join } from './bytes.js';

/** The codecs whose frames tell nothing behind their plaintext. */
export const noTail = () => new Uint8Array(0);

/** Its clear bytes in canonical form, and what is or was sealed of it; of a NAL unit also its start code and kind. */
export const unit = (clear, body, more = {}) => ({ clear, body, ...more });

/** Clear and sealed bytes, one behind the other. */
export const whole = (clear, ...rest) => join(clear, ...rest);
