package quarantine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// A Vault holds sealed copies. Errors of an id that it does not have wrap
// storage.ErrNotFound.
type Vault interface {
	// Heads returns up to n heads before the number, newest first; 0 means from
	// the end.
	Heads(ctx context.Context, before uint64, n int) ([]Head, error)
	// Message returns a copy's sealed Item and message.
	Message(ctx context.Context, id string) (head, message []byte, err error)
	// Delete removes a copy.
	Delete(ctx context.Context, id string) error
}

// A Head is the sealed Item of a copy; Sealed is nil when the copy is gone.
type Head struct {
	Seq    uint64
	ID     string
	Sealed []byte `json:",omitempty"`
}

// Open returns the Vault that a store holds.
func Open(store storage.Store) Vault { return shelf{store} }

// A Reader opens copies.
type Reader struct {
	vault Vault
	ids   []age.Identity
}

// NewReader returns a Reader with the private keys of an age identity file:
// lines of "AGE-SECRET-KEY-1…", and comments.
func NewReader(v Vault, identities string) (*Reader, error) {
	ids, err := age.ParseIdentities(strings.NewReader(identities))
	if err != nil {
		return nil, fmt.Errorf("quarantine: private keys: %w", err)
	}
	return &Reader{v, ids}, nil
}

// A Query says which copies List returns; the zero value is for the newest 100.
type Query struct {
	// Rcpt is an envelope recipient, "" for all.
	Rcpt string
	// Text stands in From, Subject, Message-ID or one of the envelope's
	// addresses, whatever the case.
	Text string
	// Since, unless zero, leaves out what came before.
	Since time.Time
	Max   int // 0 means 100
}

func (q *Query) matches(i *Item) bool {
	if q.Rcpt != "" && !slices.ContainsFunc(i.Rcpts, func(r string) bool { return mail.AddressKey(r) == mail.AddressKey(q.Rcpt) }) {
		return false
	}
	if q.Text == "" {
		return true
	}
	want := strings.ToLower(q.Text)
	return slices.ContainsFunc(append([]string{i.From, i.HeaderFrom, i.Subject, i.MessageID}, i.Rcpts...), func(s string) bool {
		return strings.Contains(strings.ToLower(s), want)
	})
}

// List returns copies, newest first. unreadable is how many were sealed with
// other keys or are damaged.
func (r *Reader) List(ctx context.Context, q Query) (items []Item, unreadable int, err error) {
	if q.Max == 0 {
		q.Max = 100
	}
	for before := uint64(0); ; {
		heads, err := r.vault.Heads(ctx, before, page)
		if err != nil || len(heads) == 0 {
			return items, unreadable, err
		}
		for _, h := range heads {
			if before > 0 && h.Seq >= before { // else there would be no end
				return items, unreadable, fmt.Errorf("quarantine: copy %d is listed before copy %d", before, h.Seq)
			}
			before = h.Seq
			if h.Sealed == nil {
				continue
			}
			item, err := r.item(h.Sealed)
			switch {
			case err != nil:
				unreadable++
			case item.Time.Before(q.Since):
				return items, unreadable, nil
			case q.matches(&item):
				if items = append(items, item); len(items) == q.Max {
					return items, unreadable, nil
				}
			}
		}
		if before <= 1 {
			return items, unreadable, nil
		}
	}
}

func (r *Reader) item(sealed []byte) (item Item, err error) {
	data, err := open(sealed, storage.MaxValue, r.ids)
	if err == nil {
		err = json.Unmarshal(data, &item)
	}
	return item, err
}

// Show returns a copy.
func (r *Reader) Show(ctx context.Context, id string) (item Item, message []byte, err error) {
	head, body, err := r.vault.Message(ctx, id)
	if err != nil {
		return Item{}, nil, err
	}
	if item, err = r.item(head); err == nil {
		message, err = open(body, min(max(item.Size, 0), maxCopy), r.ids)
	}
	if err != nil {
		return Item{}, nil, fmt.Errorf("quarantine: copy %q: %w", id, err)
	}
	return item, message, nil
}

// Release hands a copy to deliver and removes it when that returned nil. Who
// releases a mail says that it is ham: deliver may have it learned.
func (r *Reader) Release(ctx context.Context, id string, deliver func(ctx context.Context, item Item, message []byte) error) error {
	item, message, err := r.Show(ctx, id)
	if err != nil {
		return err
	}
	if err := deliver(ctx, item, message); err != nil {
		return fmt.Errorf("quarantine: copy %q stays: %w", id, err)
	}
	return r.vault.Delete(context.WithoutCancel(ctx), id)
}

// Delete removes a copy.
func (r *Reader) Delete(ctx context.Context, id string) error { return r.vault.Delete(ctx, id) }
