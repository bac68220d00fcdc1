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
// can't be used.
func Learner(ctx context.Context, store storage.Store, log *slog.Logger) (*bayes.Learner, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*patience)
	defer cancel()
	l, err := bayes.Open(ctx, bayes.Options{Store: store, Log: log})
	if err != nil {
		return nil, fmt.Errorf("-state: %w", err)
	}
	if err := l.Ready(); err != nil {
		log.Warn("nothing is learned and asked until the store answers", "error", err)
	}
	return l, nil
}
