package charset

import (
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// visciiEncoding is VISCII 1.1 (RFC 1456), decoding only.
type visciiEncoding struct{}

func (visciiEncoding) NewDecoder() *encoding.Decoder {
	return &encoding.Decoder{Transformer: visciiDecoder{}}
}

func (visciiEncoding) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

type visciiDecoder struct{ transform.NopResetter }

func (visciiDecoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		r := visciiRune(src[nSrc])
		if nDst+utf8.RuneLen(r) > len(dst) {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst += utf8.EncodeRune(dst[nDst:], r)
		nSrc++
	}
	return nDst, nSrc, nil
}

// visciiHigh holds the letters of 0x80 to 0xff in order.
const visciiHigh = "ẠẮẰẶẤẦẨẬẼẸẾỀỂỄỆỐỒỔỖỘỢỚỜỞỊỎỌỈỦŨỤỲÕắằặấầẩậẽẹếềểễệốồổỗỠƠộờởịỰỨỪỬơớƯÀÁÂÃẢĂẳẵÈÉÊẺÌÍĨỳĐứÒÓÔạỷừửÙÚỹỵÝỡưàáâãảăữẫèéêẻìíĩỉđựòóôõỏọụùúũủýợỮ"

func visciiRune(c byte) rune {
	switch c {
	case 0x02:
		return 'Ẳ'
	case 0x05:
		return 'Ẵ'
	case 0x06:
		return 'Ẫ'
	case 0x14:
		return 'Ỷ'
	case 0x19:
		return 'Ỹ'
	case 0x1e:
		return 'Ỵ'
	}
	if c < 0x80 {
		return rune(c)
	}
	i := int(c) - 0x80
	for _, r := range visciiHigh {
		if i == 0 {
			return r
		}
		i--
	}
	return utf8.RuneError
}
