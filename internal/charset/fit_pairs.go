package charset

// pairKinds returns what tells the pairs of a charset apart. The rows are those
// of its standard: the usual characters stand in front, by their sound or their
// strokes, the others behind.
func pairKinds(name string) func(lead, trail byte) pairKind {
	switch name {
	case "big5":
		return fitBig5
	case "euc-kr":
		return fitEUCKR
	case "euc-jp":
		return fitEUCJP
	case "shift_jis":
		return fitShiftJIS
	}
	return fitGBK
}

// fitGBK knows GB 2312, its extension GBK, and the four bytes of GB 18030 as two
// pairs. Kana are in it and in no Chinese.
func fitGBK(lead, trail byte) pairKind {
	switch {
	case lead == 0x80 || lead == 0xff || trail == 0x7f || trail == 0xff:
		return noPair
	case trail < 0x40:
		return pairIf(trail >= 0x30 && trail <= 0x39, rare)
	case trail < 0xa1:
		return rare
	case lead >= 0xb0 && lead <= 0xd7:
		return usual
	case lead >= 0xa1 && lead <= 0xa3:
		return sign
	case lead == 0xa4 || lead == 0xa5:
		return foreignPair
	}
	return rare
}

func fitBig5(lead, trail byte) pairKind {
	switch {
	case lead < 0xa1 || lead > 0xf9 || trail < 0x40 || trail > 0x7e && trail < 0xa1 || trail == 0xff:
		return noPair
	case lead < 0xa4:
		return sign
	case lead > 0xc6 || lead == 0xc6 && trail > 0x7e:
		return foreignPair
	case trail <= 0x7e:
		return telling
	}
	return usual
}

// fitEUCKR knows KS X 1001 and its extension. Chinese characters are hardly
// written any more.
func fitEUCKR(lead, trail byte) pairKind {
	switch {
	case lead == 0x80 || lead == 0xff || trail < 0x41 || trail == 0xff:
		return noPair
	case trail < 0xa1 || lead < 0xa1:
		return pairIf(lead <= 0xc6, rare)
	case lead >= 0xb0 && lead <= 0xc8:
		return usual
	case lead <= 0xa3:
		return sign
	case lead >= 0xca && lead <= 0xfd:
		return foreignPair
	}
	return pairIf(lead <= 0xac, rare)
}

func fitEUCJP(lead, trail byte) pairKind {
	switch {
	case trail < 0xa1 || trail == 0xff || lead == 0xff || lead < 0xa1 && lead != 0x8e && lead != 0x8f:
		return noPair
	case lead == 0xa4 || lead == 0xa5:
		return kana
	case lead >= 0xb0 && lead <= 0xcf:
		return usual
	case lead == 0xa1 || lead == 0xa3:
		return sign
	}
	return rare
}

// fitShiftJIS knows JIS X 0208 and the kana of half width, which are one byte.
func fitShiftJIS(lead, trail byte) pairKind {
	switch {
	case lead >= 0xa1 && lead <= 0xdf:
		return halfPair
	case lead == 0x80 || lead == 0xa0 || lead > 0xfc || trail < 0x40 || trail == 0x7f || trail > 0xfc:
		return noPair
	case lead == 0x82 && trail >= 0x9f && trail <= 0xf1, lead == 0x83 && trail <= 0x96:
		return kana
	case lead >= 0x88 && lead <= 0x97:
		return usual
	case lead == 0x81 || lead == 0x82:
		return sign
	}
	return rare
}

func pairIf(ok bool, k pairKind) pairKind {
	if ok {
		return k
	}
	return noPair
}
