package bolt_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/checks"
	"github.com/winnowmail/winnow/mail"
	"github.com/winnowmail/winnow/storage/bolt"
)

// A program opens its store, gives it to the Scanner, and closes it after the
// Scanner. What checks kept there is there at the next start.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for range 2 {
		if err := runOnce(filepath.Join(dir, "winnow.db")); err != nil {
			log.Fatal(err)
		}
	}
	// Output:
	// message 1 of ann@example.org
	// message 2 of ann@example.org
}

// runOnce is the program from start to end.
func runOnce(path string) error {
	ctx := context.Background()
	store, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	defer store.Close()
	scanner, err := winnow.New(winnow.Options{Store: store, Checks: []*checks.Check{counting()}})
	if err != nil {
		return err
	}
	defer scanner.Close(ctx)

	res, err := scanner.Scan(ctx, &winnow.Message{
		Envelope: mail.Envelope{From: "ann@example.org", HasFrom: true},
		Body:     winnow.FromBytes([]byte("From: ann@example.org\r\n\r\nHello\r\n")),
	})
	if err != nil {
		return err
	}
	for _, note := range res.Notes {
		fmt.Println(note.Text)
	}
	return nil
}

// counting is a check that notes how many messages a sender has sent.
func counting() *checks.Check {
	return &checks.Check{
		Name: "counting", Doc: "counts a sender's messages", Needs: checks.Needs{Store: true},
		Run: func(ctx context.Context, t *checks.Task) error {
			from := t.Envelope().From
			n, err := t.Store().Increment(ctx, "sent:"+from, 1, 24*time.Hour)
			if err == nil {
				t.Note(fmt.Sprintf("message %d of %s", n, from))
			}
			return nil // Result.Incomplete names the check if the store failed
		},
	}
}
