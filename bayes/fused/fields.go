package fused

import (
	"strings"

	"github.com/winnowmail/winnow/mail"
)

// viewVersion changes with anything that gives a message other features. Tables
// of another version can't be used.
const viewVersion = 1

// maxFields bounds how many fields of a message the views read.
const maxFields = 200

// A field is one header field that the sender wrote.
type field struct {
	name  string // lower case
	spelt string
	text  string // decoded
}

// written appends the fields of the header that the sender wrote.
func written(list []field, h *mail.Header) []field {
	for _, f := range h.Fields() {
		spelt := f.Name()
		if passesOver(spelt) {
			continue
		}
		name := strings.ToLower(spelt)
		if !bySender(name) {
			continue
		}
		if list = append(list, field{name, spelt, f.Text()}); len(list) == maxFields {
			break
		}
	}
	return list
}

// passesOver tells names that are short and of ASCII and that bySender does not know:
// most, for which no memory is needed.
func passesOver(name string) bool {
	var room [32]byte
	if len(name) > len(room) {
		return false
	}
	for i := range len(name) {
		if name[i] >= 0x80 {
			return false
		}
		room[i] = lower(name[i])
	}
	return !bySender(string(room[:len(name)]))
}

// bySender reports whether a sender writes a field of this name. Whatever the
// receiver, a list or a filter adds would teach the model how mail travelled here.
func bySender(name string) bool {
	switch name {
	case "accept-language", "auto-submitted", "cc", "date", "disposition-notification-to", "feedback-id", "from", "importance",
		"in-reply-to", "message-id", "mime-version", "organization", "priority", "references", "reply-to", "return-receipt-to",
		"subject", "to", "user-agent", "x-mailer", "x-mimeole", "x-msmail-priority", "x-priority":
		return true
	}
	return strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "thread-")
}
