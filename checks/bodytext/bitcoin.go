package bodytext

import (
	"context"
	"crypto/sha256"
	"strings"

	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/internal/ascii"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/symbols"
)

var (
	bitcoinAddr = &symbols.Def{
		Name: "BITCOIN_ADDR", Groups: []string{"scams"}, OneShot: true,
		Doc: "the text has an address of Bitcoin, Litecoin or Bitcoin Cash whose checksum is right",
	}
	leakedPassword = &symbols.Def{
		Name: "LEAKED_PASSWORD_SCAM_RE", Groups: []string{"scams"},
		Doc: "beside a Bitcoin address there are words or traits of extortion",
	}
)

func runBitcoin(_ context.Context, t *checks.Task) error {
	m := t.Message()
	seen := map[string]bool{}
	var options []string
	var ev []symbols.Evidence
	for _, x := range m.AllTexts() {
		findAddresses(x.Plain(), func(addr string) {
			if !seen[addr] {
				seen[addr] = true
				options = append(options, addr)
				ev = append(ev, checks.Part(x.Part)...)
			}
		})
	}
	if len(options) == 0 {
		return nil
	}
	t.HitAt(symbols.Hit{Def: bitcoinAddr, Factor: 1, Options: options, Evidence: ev})
	if extorts(m) {
		t.HitAt(symbols.Hit{Def: leakedPassword, Factor: 1, Evidence: ev})
	}
	return nil
}

// extorts looks for what letters of extortion have.
func extorts(m *mail.Message) bool {
	h := m.Header()
	if h.Get("list-unsubscribe") != nil || h.Get("x-php-originating-script") != nil {
		return true
	}
	for _, x := range m.AllTexts() {
		if v := x.HTML(); v != nil && v.DataURLs || strings.Contains(x.UTF8(), "\u200b") {
			return true
		}
	}
	hit := false
	words(m, func(w string) bool {
		switch w {
		case "password", "passphrase", "wallet":
			hit = true
		}
		for _, part := range [...]string{"victim", "prey", "webcam", "masturbati", "masturabati", "onanism", "solitary"} {
			hit = hit || strings.Contains(w, part)
		}
		return !hit
	})
	return hit
}

// findAddresses calls f for each valid address. Words are runs of letters,
// digits and underscores.
func findAddresses(s string, f func(addr string)) {
	const shortest, longest = 14, 90
	// No word reaches over i; one of the shortest length covers the byte at j.
	for i := 0; i+shortest <= len(s); {
		j := i + shortest - 1
		if !ascii.IsWord(s[j]) {
			i = j + 1
			continue
		}
		from := j
		for from > i && ascii.IsWord(s[from-1]) {
			from--
		}
		for i = j; i < len(s) && ascii.IsWord(s[i]); {
			i++
		}
		w := s[from:i]
		switch {
		case len(w) < shortest || len(w) > longest:
		case isBase58Address(w), isSegwitAddress(w):
			f(w)
		case isCashAddress(prefixBefore(s, from), w):
			f(w)
		}
	}
}

// isBase58Address checks an address of the old form: base58 of 25 bytes, the
// last four of them the beginning of the double SHA-256 of the others.
func isBase58Address(w string) bool {
	if len(w) < 26 || len(w) > 35 || strings.IndexByte("13LM", w[0]) < 0 {
		return false
	}
	const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
	var b [25]byte
	for i := range len(w) {
		acc := strings.IndexByte(alphabet, w[i])
		if acc < 0 {
			return false
		}
		for j := len(b) - 1; j >= 0; j-- {
			acc += 58 * int(b[j])
			b[j] = byte(acc)
			acc >>= 8
		}
	}
	sum := sha256.Sum256(b[:21])
	sum = sha256.Sum256(sum[:])
	return string(sum[:4]) == string(b[21:])
}

// bech32 is the alphabet of BIP 173.
const bech32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"

func bech32Value(c byte) int { return strings.IndexByte(bech32, c) }

// isSegwitAddress checks a bech32 or bech32m address (BIP 173, BIP 350).
func isSegwitAddress(w string) bool {
	if !strings.HasPrefix(w, "bc1") || len(w) < 14+3 {
		return false
	}
	chk := uint32(1)
	for _, v := range [...]byte{'b' >> 5, 'c' >> 5, 0, 'b' & 31, 'c' & 31} {
		chk = bech32Step(chk, uint32(v))
	}
	for i := 3; i < len(w); i++ {
		v := bech32Value(w[i])
		if v < 0 {
			return false
		}
		chk = bech32Step(chk, uint32(v))
	}
	return chk == 1 || chk == 0x2bc830a3
}

func bech32Step(chk, v uint32) uint32 {
	top := chk >> 25
	chk = (chk&0x1ffffff)<<5 ^ v
	for i, g := range [...]uint32{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3} {
		if top>>i&1 != 0 {
			chk ^= g
		}
	}
	return chk
}

// prefixBefore returns the word before a colon right before i, "bitcoincash"
// if there is none.
func prefixBefore(s string, i int) string {
	if i < 2 || s[i-1] != ':' {
		return "bitcoincash"
	}
	from := i - 1
	for from > 0 && i-from < 20 && ascii.IsWord(s[from-1]) {
		from--
	}
	if from == i-1 {
		return "bitcoincash"
	}
	return s[from : i-1]
}

// isCashAddress checks an address of Bitcoin Cash (the cashaddr
// specification): a 40 bit checksum over prefix and payload.
func isCashAddress(prefix, w string) bool {
	if len(w) < 14 {
		return false
	}
	chk := uint64(1)
	for i := range len(prefix) {
		chk = cashStep(chk, uint64(prefix[i]&31))
	}
	chk = cashStep(chk, 0)
	for i := range len(w) {
		v := bech32Value(w[i])
		if v < 0 {
			return false
		}
		chk = cashStep(chk, uint64(v))
	}
	return chk^1 == 0
}

func cashStep(chk, v uint64) uint64 {
	top := chk >> 35
	chk = (chk&0x07ffffffff)<<5 ^ v
	for i, g := range [...]uint64{0x98f2bc8e61, 0x79b76d99e2, 0xf33e5fb3c4, 0xae2eabe2a8, 0x1e4f43e470} {
		if top>>i&1 != 0 {
			chk ^= g
		}
	}
	return chk
}
