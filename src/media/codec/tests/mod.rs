//! Tests of the codecs, with a toy in the place of the cipher.
