package main

import (
	"context"
	"io"

	"github.com/winnowmail/winnow/bayes/archive"
)

// maxMessage bounds what is held of one message: the Scanner's default limit
// and a byte, so that it notes the cut.
const maxMessage = 50<<20 + 1

// inputs yields the messages under paths in order, until yield returns false; "-"
// is the standard input.
func inputs(ctx context.Context, stdin io.Reader, paths []string, o archive.Options, yield func(*archive.Message) bool) {
	o.MaxSize = maxMessage
	for len(paths) > 0 {
		seq, n := archive.Read(ctx, "-", stdin, o), 1
		if paths[0] != "-" {
			for n = 1; n < len(paths) && paths[n] != "-"; n++ {
			}
			seq = archive.Walk(ctx, paths[:n], o)
		}
		for m := range seq {
			if !yield(m) {
				return
			}
		}
		paths = paths[n:]
	}
}
