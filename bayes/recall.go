package bayes

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/winnowmail/winnow/storage"
)

// ErrNoScan is of an id that no recent scan has.
var ErrNoScan = errors.New("bayes: no recent scan has that id")

const readBatches = 64 // entries of the index that one call reads

// Recall returns the newest of the recent scans that an id names: a message's
// Digest, its Message-ID with brackets or without, or its queue ID. It is ErrNoScan
// if there is none, or none whose features still mean something.
func (l *Learner) Recall(ctx context.Context, id string) (Seen, error) {
	if err := l.Wake(ctx); err != nil {
		return Seen{}, err
	}
	id = plainID(id)
	if id == "" || l.opt.Recent.Age < 0 {
		return Seen{}, ErrNoScan
	}
	if s, ok := l.recallWaiting(id); ok {
		return s, nil
	}
	key := idKey(id)
	for before := uint64(0); ; {
		entries, err := l.opt.Recent.Store.NewestLog(ctx, l.key("recent-ids"), before, readBatches)
		if err != nil {
			return Seen{}, fmt.Errorf("bayes: recent scans: %w", err)
		}
		for _, e := range entries {
			seq, ok := inIndex(e.Data, key)
			if !ok {
				continue
			}
			if s, ok, err := l.recallFrom(ctx, seq, id); err != nil || ok {
				return s, err
			}
		}
		if len(entries) < readBatches {
			return Seen{}, ErrNoScan
		}
		before = entries[len(entries)-1].Seq
	}
}

// recallWaiting looks among the scans that are not written yet.
func (l *Learner) recallWaiting(id string) (Seen, bool) {
	r := &l.recent
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range slices.Backward(r.waiting) {
		if s.names(id) && !l.forgotten(s.User, s.Time) {
			return s, true
		}
	}
	return Seen{}, false
}

// recallFrom looks in one batch. One that is not there any more has nothing.
func (l *Learner) recallFrom(ctx context.Context, seq uint64, id string) (Seen, bool, error) {
	entries, err := l.opt.Recent.Store.ReadLog(ctx, l.key("recent"), seq, 1)
	if errors.Is(err, storage.ErrTrimmed) || err == nil && len(entries) == 0 {
		return Seen{}, false, nil
	}
	if err != nil {
		return Seen{}, false, fmt.Errorf("bayes: recent scans: %w", err)
	}
	t := l.model.Load()
	list, err := readBatch(entries[0].Data, t.Kind())
	if err != nil {
		l.opt.Log.Warn("a batch of recent scans can't be read", "number", seq, "error", err)
		return Seen{}, false, nil
	}
	for _, s := range slices.Backward(list) {
		if s.names(id) && !l.forgotten(s.User, s.Time) && t.Has(s.Features) {
			return s, true, nil
		}
	}
	return Seen{}, false, nil
}

// forgotten reports whether something of that time is of a user who began anew
// since.
func (l *Learner) forgotten(user string, at time.Time) bool {
	all := l.resets.Load()
	if all == nil || user == "" {
		return false
	}
	r, ok := (*all)[userPrefix(user)]
	return ok && !at.After(r.At)
}

// An Unsure is a mail of which the Learner was unsure when it was scanned: its
// log-odds were between -2 and 2. A label of such a mail teaches most.
type Unsure struct {
	ID          string    `json:"id"` // its Digest, for a lesson
	QueueID     string    `json:"queue_id,omitempty"`
	MessageID   string    `json:"message_id,omitempty"`
	Time        time.Time `json:"time"`
	User        string    `json:"user,omitempty"`
	From        string    `json:"from,omitempty"`
	Subject     string    `json:"subject,omitempty"`
	Probability float64   `json:"probability"`
}

func unsureOf(s *Seen) Unsure {
	return Unsure{
		ID: s.Message, QueueID: s.QueueID, MessageID: s.MessageID, Time: s.Time.UTC(), User: s.User,
		From: s.From, Subject: s.Subject, Probability: 1 / (1 + math.Exp(-s.LogOdds)),
	}
}

// list adds mails to the list of unsure ones.
func (l *Learner) list(ctx context.Context, mails []Unsure) error {
	if len(mails) == 0 || l.opt.Recent.UnsureBytes < 0 {
		return nil
	}
	b, err := json.Marshal(mails)
	if err != nil {
		return err
	}
	if len(b) > storage.MaxValue {
		return nil // Fields of a length that no mail needs are not worth asking for.
	}
	_, err = l.opt.Recent.Store.Append(ctx, l.key("unsure"), "", b)
	return err
}

// Unsure returns up to n mails of which the Learner was unsure and that nobody has
// labelled yet, the newest first; with a user only those that are for this one.
func (l *Learner) Unsure(ctx context.Context, user string, n int) ([]Unsure, error) {
	if err := errors.Join(l.Wake(ctx), l.Flush(ctx)); err != nil {
		return nil, err
	}
	var list []Unsure
	seen := map[string]bool{}
	for before := uint64(0); len(list) < n; {
		entries, err := l.opt.Recent.Store.NewestLog(ctx, l.key("unsure"), before, readBatches)
		if err != nil {
			return nil, fmt.Errorf("bayes: unsure mails: %w", err)
		}
		for _, e := range entries {
			mails, err := l.open(ctx, e.Data, func(u *Unsure) bool {
				again := seen[u.ID+u.User]
				seen[u.ID+u.User] = true
				return !again && (user == "" || strings.EqualFold(user, u.User))
			})
			if err != nil {
				return nil, err
			}
			list = append(list, mails...)
		}
		if len(entries) < readBatches {
			break
		}
		before = entries[len(entries)-1].Seq
	}
	return list[:min(len(list), max(0, n))], nil
}

// open returns those mails of an entry that are wanted and have no label.
func (l *Learner) open(ctx context.Context, data []byte, wanted func(*Unsure) bool) ([]Unsure, error) {
	var mails []Unsure
	if err := json.Unmarshal(data, &mails); err != nil {
		l.opt.Log.Warn("a list of unsure mails can't be read", "error", err)
		return nil, nil
	}
	slices.Reverse(mails)
	mails = slices.DeleteFunc(mails, func(u Unsure) bool { return !wanted(&u) || l.forgotten(u.User, u.Time) })
	var keys []string
	for _, u := range mails {
		keys = append(keys, l.key("lesson/")+noteName(u.ID, ""), l.key("lesson/")+noteName(u.ID, u.User))
	}
	if len(keys) == 0 {
		return nil, nil
	}
	notes, err := l.opt.Store.GetMany(ctx, keys)
	if err != nil {
		return nil, fmt.Errorf("bayes: unsure mails: %w", err)
	}
	var left []Unsure
	for i, u := range mails {
		if !labelled(notes[2*i]) && !labelled(notes[2*i+1]) {
			left = append(left, u)
		}
	}
	return left, nil
}

// labelled reports whether a note says that the message has a class.
func labelled(raw []byte) bool {
	n, err := readNote(raw)
	return err == nil && n.class != ""
}
