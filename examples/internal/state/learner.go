package state

import (
	"context"
	"log/slog"

	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/storage"
)

// Learner opens what was learned in a store. If the store does not answer, log
// says so, and nil tells that nothing is asked and learned until the next start.
func Learner(ctx context.Context, store storage.Store, log *slog.Logger) *bayes.Learner {
	ctx, cancel := context.WithTimeout(ctx, 10*patience)
	defer cancel()
	l, err := bayes.Open(ctx, bayes.Options{Store: store, Log: log})
	if err != nil {
		log.Warn("what was learned can't be read; nothing is learned until the next start", "error", err)
		return nil
	}
	return l
}
