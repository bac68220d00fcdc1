// Package quarantine keeps encrypted copies of mail that was rejected or filed,
// so that an operator can list, show and release it.
//
// An After seals the copies with public age keys (age-encryption.org/v1): the
// server that scans can't read them, nor can who gets hold of the store. A
// Reader, which has the private key, opens them; it reads a Vault, which is the
// store itself or, over HTTP, that of a running program.
//
// Copies end after Options.Lasts, and the oldest go when there are too many.
package quarantine

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"filippo.io/age"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/actions"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/storage"
)

// Defaults and bounds.
const (
	DefaultLasts    = 30 * 24 * time.Hour
	DefaultMessages = 10000
	DefaultBytes    = 1 << 30
	DefaultMessage  = 32 << 20
	maxKeys         = 16
	// maxRcpts is how many recipients one copy has; a message to more of them
	// is kept in several copies.
	maxRcpts = 1000
	maxText  = 500 // bytes of a header field in an Item
)

// ErrTooLong is of messages that are longer than Options.MaxMessage.
var ErrTooLong = errors.New("quarantine: message is too long to be kept")

// Options says what is kept and for how long.
type Options struct {
	// Store is where copies are kept; it is required.
	Store storage.Store `json:"-"`
	// Keys are public age keys ("age1…"); one is required. Each of their
	// private keys opens the copies.
	Keys []string
	// Actions are those whose mail is kept, for the recipients to whom they
	// apply; by default reject and quarantine.
	Actions []actions.Action `json:",omitempty"`
	// Lasts is how long a copy is kept, 0 means DefaultLasts.
	Lasts time.Duration
	// MaxMessages and MaxBytes bound all copies together, compressed and
	// encrypted; 0 means DefaultMessages and DefaultBytes.
	MaxMessages int
	MaxBytes    int64
	// MaxMessage is the longest message that is kept, 0 means DefaultMessage.
	MaxMessage int
	// Durable keeps copies before Scan returns, so that a crash loses none of
	// which the client has heard.
	Durable bool
}

// Validate returns what is missing or wrong.
func (o *Options) Validate() error {
	v := valid.Of("quarantine")
	v.If(o.Store == nil, "Store", "none")
	v.If(o.Lasts < 0, "Lasts", "%v is negative", o.Lasts)
	v.If(o.MaxMessages < 0, "MaxMessages", "%d is negative", o.MaxMessages)
	v.If(o.MaxBytes < 0, "MaxBytes", "%d is negative", o.MaxBytes)
	v.If(o.MaxMessage < 0, "MaxMessage", "%d is negative", o.MaxMessage)
	v.If(len(o.Keys) == 0 || len(o.Keys) > maxKeys, "Keys", "%d, and 1 to %d are possible", len(o.Keys), maxKeys)
	for i, a := range o.Actions {
		v.If(a == "" || a == actions.NoAction, valid.At("Actions", i), "%q: mail that is delivered needs no copy", string(a))
	}
	if err := v.Err(); err != nil {
		return err
	}
	_, err := o.recipients()
	return err
}

// recipients are the public keys.
func (o *Options) recipients() (all []age.Recipient, err error) {
	for i, key := range o.Keys {
		k, err := age.ParseX25519Recipient(key)
		if err != nil {
			return nil, fmt.Errorf("quarantine: %s: %q is no public age key: %w", valid.At("Keys", i), key, err)
		}
		all = append(all, k)
	}
	return all, nil
}

// After returns the work that keeps copies: an element of
// winnow.Options.After. Options that are not valid are an error of winnow.New.
func After(o Options) winnow.After {
	o.Lasts = cmp.Or(o.Lasts, DefaultLasts)
	o.MaxMessages = cmp.Or(o.MaxMessages, DefaultMessages)
	o.MaxBytes = cmp.Or(o.MaxBytes, DefaultBytes)
	o.MaxMessage = cmp.Or(o.MaxMessage, DefaultMessage)
	if o.Actions == nil {
		o.Actions = []actions.Action{actions.Reject, actions.Quarantine}
	}
	keeper := &keeper{Options: o}
	return winnow.After{
		Name: "quarantine", Doc: "keeps encrypted copies of mail that was not delivered", Durable: o.Durable,
		Start: keeper.start, Run: keeper.run,
	}
}

// An Item tells about a copy.
type Item struct {
	ID   string
	Time time.Time // of the scan
	// From and Rcpts are the envelope's; Rcpts are those to whom Action applies.
	From           string
	Rcpts          []string `json:",omitempty"`
	Client, Helo   string   `json:",omitempty"`
	QueueID        string   `json:",omitempty"`
	HeaderFrom, To string   `json:",omitempty"` // cut after 500 bytes, as are the next two
	Subject        string   `json:",omitempty"`
	MessageID      string   `json:",omitempty"`
	Action         actions.Action
	Score          float64
	Symbols        []string `json:",omitempty"`
	Size           int      // of the message in bytes
}
