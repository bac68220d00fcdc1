package history

import (
	"encoding/hex"
	"slices"
	"strings"

	"golang.org/x/crypto/blake2b"

	"github.com/winnowmail/winnow/mail"
)

// obfuscated begins what stands for a value, as Rspamd's subject_privacy_prefix.
const obfuscated = "obf:"

// hash is what stands for a value: the beginning of its BLAKE2b-512.
func (h *History) hash(s string) string {
	if s == "" || s == "unknown" || s == "undef" || strings.HasPrefix(s, obfuscated) {
		return s
	}
	sum, err := blake2b.New512(h.o.HashKey)
	if err != nil { // the key's length is validated
		return obfuscated
	}
	sum.Write([]byte(s))
	return obfuscated + hex.EncodeToString(sum.Sum(nil))[:16]
}

func (h *History) hashes(f Field) bool { return slices.Contains(h.o.Hashed, f) }

// address is what stands in a row for an address.
func (h *History) address(a string) string {
	if h.hashes(Addresses) {
		return h.hash(strings.ToLower(mail.AddressKey(a)))
	}
	return a
}

// obfuscate takes the personal data out of a row that is not to be kept.
func (h *History) obfuscate(row *Row) {
	if h.hashes(Subject) {
		row.Subject = h.hash(row.Subject)
	}
	if h.hashes(Client) {
		row.IP = h.hash(row.IP)
	}
	if h.hashes(MessageID) {
		row.MessageID = h.hash(row.MessageID)
	}
	if h.hashes(Client) || h.hashes(Addresses) || h.hashes(Subject) || h.hashes(MessageID) {
		row.dropOptions()
	}
	if !h.hashes(Addresses) {
		return
	}
	row.SenderSMTP, row.SenderMIME, row.User = h.address(row.SenderSMTP), h.address(row.SenderMIME), h.address(row.User)
	for i, a := range row.RcptSMTP {
		row.RcptSMTP[i] = h.address(a)
	}
	for i, a := range row.RcptMIME {
		row.RcptMIME[i] = h.address(a)
	}
	own := row.Own
	row.Own = nil
	for a, v := range own {
		if row.Own == nil {
			row.Own = map[string]Verdict{}
		}
		row.Own[h.address(a)] = v
	}
}
