// Package history keeps a row of each scanned message for people to look at: who
// sent what to whom, its score, action and symbols. Rows have the fields of
// Rspamd 4.1.6's history.
//
// There are two shelves for them. A list (Options.Key) is Rspamd's own: the newest
// 200 rows, in Redis under a key that Rspamd's controller and web page read too,
// each a zstd frame of JSON. Without a key rows stand in a journal (storage.Log)
// that is bounded by number, age and bytes and may hold months of them: of each 512
// rows an index knows the addresses, symbols, actions and ids, so that a search reads
// those only that may have what is looked for.
//
// History.After is an element of winnow.Options.After; a row that it acknowledged
// (AfterStat.Done) survives a crash wherever the store promises that. History.Search
// finds rows, History.Latest gives them to package controller.
//
// What users want kept nowhere stays out: see Options.Omit, winnow.Settings.NoLog and
// Options.Hashed.
package history

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/internal/valid"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage"
)

// Defaults and bounds.
const (
	// DefaultRows is how many rows are kept where nothing else bounds them, as
	// Rspamd's nrows.
	DefaultRows = 200
	// MaxListRows is the most that a list keeps.
	MaxListRows = 10000
	// framedRows is how long a list is at most whose zstd frames hold rows as they
	// are, of some 4 KB: compressed they would have 1.5 KB, for 80 µs of each scan.
	framedRows = 1000
	// DefaultTimeout bounds the work on one row that waits in a queue.
	DefaultTimeout = 10 * time.Second
)

// Key returns the key of Rspamd's list on a host, for its default key_prefix; for
// docker-mailserver's the host is "".
func Key(host string) string { return "rs_history" + host + "_zst" }

// A Store keeps rows: any storage.Store.
type Store interface {
	storage.KV
	storage.Recent
	storage.Log
}

// A Field is a kind of personal data in a row.
type Field string

// The kinds.
const (
	Subject   Field = "subject"
	Addresses Field = "addresses" // of senders, recipients and users; options of symbols, which have them too, are left out
	Client    Field = "client"    // the client's IP address
	MessageID Field = "message-id"
)

// Options configures New.
type Options struct {
	// Store is where rows are kept; it is required.
	Store Store `json:"-"`
	// Key is the name of a list as Rspamd has it. "" keeps a journal. With Redis
	// the store's layout has to be Rspamd's (redis.Options.Rspamd) for Rspamd to
	// find it.
	Key string `json:",omitempty"`
	// Plain leaves items of the list uncompressed, as Rspamd with compress =
	// false, whose key ends without "_zst".
	Plain bool `json:",omitempty"`
	// Rows is how many rows are kept. 0 means DefaultRows for a list, and for a
	// journal that neither Age nor Bytes bounds.
	Rows int `json:",omitempty"`
	// Age is how long a row is kept in a journal, and Bytes is how much room all
	// compressed rows may take there; 0 means that it does not matter. They are
	// enforced every 64 rows, and Search and Latest return nothing beyond Rows and
	// Age.
	Age   time.Duration `json:",omitempty"`
	Bytes int64         `json:",omitempty"`
	// Omit lists addresses and, with "@" before them, domains of which nothing is
	// kept: no row of a sender or user, and of several recipients only the others.
	Omit []string `json:",omitempty"`
	// Hashed lists what stands in rows as "obf:" and 16 digits of a hash: the same
	// value has the same digits, and Search takes the value. HashKey keeps others
	// from trying values out; without it the hash of a subject is Rspamd's
	// (BLAKE2b).
	Hashed  []Field `json:",omitempty"`
	HashKey []byte  `json:"-"`
	// Queued writes rows beside the scans instead of before they return: a crash
	// may then lose the latest.
	Queued bool `json:",omitempty"`
	// Clock gives the time for Age; nil means time.Now.
	Clock func() time.Time `json:"-"`
}

// Validate returns what is wrong with the options.
func (o *Options) Validate() error {
	v := valid.Of("history")
	v.If(o.Store == nil, "Store", "none")
	v.If(o.Key != "" && storage.CheckKey(o.Key) != nil, "Key", "is too long")
	v.If(o.Key == "" && o.Plain, "Plain", "is of a list, which needs a Key")
	v.If(o.Rows < 0, "Rows", "%d is negative", o.Rows)
	v.If(o.Key != "" && o.Rows > MaxListRows, "Rows", "%d are too many for a list, which takes %d", o.Rows, MaxListRows)
	v.If(o.Age < 0 || o.Key != "" && o.Age != 0, "Age", "%v is not for a list, or negative", o.Age)
	v.If(o.Bytes < 0 || o.Key != "" && o.Bytes != 0, "Bytes", "%d is not for a list, or negative", o.Bytes)
	v.If(len(o.HashKey) > 64, "HashKey", "is longer than 64 bytes")
	for i, f := range o.Hashed {
		v.If(!slices.Contains([]Field{Subject, Addresses, Client, MessageID}, f), valid.At("Hashed", i),
			"%q is none of subject, addresses, client and message-id", string(f))
	}
	for i, a := range o.Omit {
		v.If(!strings.Contains(a, "@") || strings.HasSuffix(a, "@"), valid.At("Omit", i), "%q is neither an address nor @ and a domain", a)
	}
	return v.Err()
}

// A shelf is where rows stand, newest first.
type shelf interface {
	add(ctx context.Context, r *winnow.Result, data []byte) error
	// walk calls see with the data of rows, newest first, until it returns false.
	// Rows that have none of these terms may be left out, and so may those that
	// are not within the times.
	walk(ctx context.Context, f filter, see func(data []byte) bool) error
	reset(ctx context.Context) error
}

// A History keeps and finds rows. It is safe for concurrent use and has nothing to
// close.
type History struct {
	o     Options
	shelf shelf
	codec *codec
	omit  map[string]bool
	most  int // bytes of an answer
}

// New makes a History, or says what is wrong with the options.
func New(o Options) (*History, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	if o.Rows == 0 && o.Age == 0 && o.Bytes == 0 {
		o.Rows = DefaultRows
	}
	if o.Clock == nil {
		o.Clock = time.Now
	}
	codec, err := newCodec(o.packing())
	if err != nil {
		return nil, err
	}
	h := &History{o: o, codec: codec, omit: map[string]bool{}, most: maxResult}
	for _, a := range o.Omit {
		h.omit[omitKey(a)] = true
	}
	if o.Key != "" {
		h.shelf = &list{store: o.Store, key: o.Key, rows: o.Rows}
	} else {
		h.shelf = &journal{o: &h.o, codec: codec}
	}
	return h, nil
}

// packing is how rows are kept. A list of usual length takes little room in any case.
func (o *Options) packing() packing {
	switch {
	case o.Plain:
		return bare
	case o.Key != "" && o.Rows <= framedRows:
		return framed
	}
	return packed
}

// omitKey is the form in which Omit is compared.
func omitKey(a string) string {
	if domain, ok := strings.CutPrefix(a, "@"); ok {
		return "@" + mail.DomainKey(domain)
	}
	return strings.ToLower(mail.AddressKey(a))
}

// omits reports whether nothing is kept of an address.
func (h *History) omits(address string) bool {
	if len(h.omit) == 0 || address == "" {
		return false
	}
	at := strings.LastIndexByte(address, '@')
	return h.omit[omitKey(address)] || at >= 0 && h.omit["@"+mail.DomainKey(address[at+1:])]
}

// After returns the work that keeps rows: an element of winnow.Options.After.
func (h *History) After() winnow.After {
	_, list := h.shelf.(*list)
	return winnow.After{
		Name: "history", Doc: "keeps a row of each scanned message", Durable: !h.o.Queued, Together: list && !h.o.Queued,
		Timeout: DefaultTimeout, Run: h.keep,
	}
}

// keep adds a row for a message, unless nothing is to be kept of it.
func (h *History) keep(ctx context.Context, r *winnow.Result) error {
	row := h.rowOf(r)
	if row == nil {
		return nil
	}
	data, err := h.codec.encode(row)
	if err != nil {
		return err
	}
	return h.shelf.add(ctx, r, data)
}

// Reset forgets all rows.
func (h *History) Reset(ctx context.Context) error { return h.shelf.reset(ctx) }

// errRow is of what is no row.
var errRow = errors.New("history: not a row")
