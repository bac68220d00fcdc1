package storage

import (
	"context"
	"time"
)

// An Item is what AppendMany adds to a log.
type Item struct {
	ID   string
	Data []byte
}

// A ManyAppender is a Log that adds several entries in fewer transactions than
// there are entries.
type ManyAppender interface {
	// AppendMany is what the function AppendMany says.
	AppendMany(ctx context.Context, log string, items []Item) (seqs []uint64, err error)
}

// AppendMany is Append for each of the items in order, in as few transactions as
// the log can. On an error the items before len(seqs) were added; of the others
// nothing is known.
func AppendMany(ctx context.Context, l Log, log string, items []Item) (seqs []uint64, err error) {
	if many, ok := l.(ManyAppender); ok {
		return many.AppendMany(ctx, log, items)
	}
	for _, item := range items {
		seq, err := l.Append(ctx, log, item.ID, item.Data)
		if err != nil {
			return seqs, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, nil
}

// A Value is what SetMany stores.
type Value struct {
	Key  string
	Data []byte
}

// A ManySetter is a KV that sets several values in fewer transactions than there
// are values.
type ManySetter interface {
	// SetMany is what the function SetMany says.
	SetMany(ctx context.Context, values []Value, ttl time.Duration) error
}

// SetMany is Set for each of the values in order, in as few transactions as the
// store can. After an error some may be set.
func SetMany(ctx context.Context, kv KV, values []Value, ttl time.Duration) error {
	if many, ok := kv.(ManySetter); ok {
		return many.SetMany(ctx, values, ttl)
	}
	for _, v := range values {
		if err := kv.Set(ctx, v.Key, v.Data, ttl); err != nil {
			return err
		}
	}
	return nil
}
