package state

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/storage"
)

// Learner opens what was learned in a store. If the store does not answer, log says
// so, and the Learner asks again until it does. An error says that what is there
// can't be used. Of recent scans a server keeps less than a disk.
func Learner(ctx context.Context, store storage.Store, users bool, log *slog.Logger) (*bayes.Learner, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*patience)
	defer cancel()
	o := bayes.Options{Store: store, Users: users, Log: log}
	if store.Stats().Kind == "redis" {
		o.Recent.Bytes = 64 << 20
	}
	l, err := bayes.Open(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	if err := l.Ready(); err != nil {
		log.Warn("nothing is learned and asked until the store answers", "error", err)
	}
	return l, nil
}
