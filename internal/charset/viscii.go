package charset

import (
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/transform"
)

// visciiEncoding is VISCII 1.1 (RFC 1456), decoding only.
type visciiEncoding struct{}

func (visciiEncoding) NewDecoder() *encoding.Decoder {
	d := &visciiDecoder{}
	i := 0
	for _, r := range visciiHigh {
		d.high[i] = r
		i++
	}
	return &encoding.Decoder{Transformer: d}
}

func (visciiEncoding) NewEncoder() *encoding.Encoder { return encoding.Nop.NewEncoder() }

type visciiDecoder struct {
	transform.NopResetter
	high [128]rune // of 0x80 to 0xff
}

func (d *visciiDecoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		r := d.rune(src[nSrc])
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

func (d *visciiDecoder) rune(c byte) rune {
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
	return d.high[c-0x80]
}
