package winnow_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/winnowmail/winnow"
)

// An Explanation says why a message got its verdict: what each symbol added, and
// without which of them the action would be another.
func ExampleResult_Explain() {
	ctx := context.Background()
	scanner, err := winnow.New(winnow.Options{
		Clock: func() time.Time { return time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC) },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)
	raw := "From: Ann <ann@example.org>\r\nTo: bob@example.net\r\nDate: Mon, 2 Nov 2026 10:00:00 +0100\r\nSubject: Your order\r\n\r\n" +
		"Please pay at http://192.0.2.7/order today.\r\n"
	res, err := scanner.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(raw))})
	if err != nil {
		log.Fatal(err)
	}
	why := res.Explain()
	fmt.Printf("%s with %.1f points, %.1f below %q\n", why.Action, why.Score, why.Points, why.Next)
	for _, hit := range why.Hits[:3] {
		fmt.Printf("%+.1f %s %v\n", hit.Score, hit.Name, hit.Options)
	}
	for _, change := range why.Decisive {
		fmt.Printf("without %s: %s\n", change.Without, change.Action)
	}
	// Output:
	// greylist with 4.4 points, 1.6 below "add header"
	// +2.5 MISSING_MID []
	// +1.5 URL_NUMERIC_IP [192.0.2.7]
	// +0.5 R_MISSING_CHARSET []
	// without MISSING_MID: no action
	// without URL_NUMERIC_IP: no action
	// without R_MISSING_CHARSET: no action
}

// Work that follows a verdict is an After: here one that counts verdicts. It runs
// beside the scans, and Close waits for what is queued.
func ExampleAfter() {
	ctx := context.Background()
	actions := map[string]int{} // one Run at a time: it needs no lock
	scanner, err := winnow.New(winnow.Options{After: []winnow.After{{
		Name: "count", Doc: "counts verdicts by action",
		Run: func(_ context.Context, r *winnow.Result) error {
			actions[string(r.Action)]++
			return nil
		},
	}}})
	if err != nil {
		log.Fatal(err)
	}
	for _, raw := range []string{ordinary, testMessage, ordinary} {
		if _, err := scanner.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(raw))}); err != nil {
			log.Fatal(err)
		}
	}
	if err := scanner.Close(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(actions)
	// Output:
	// map[no action:2 reject:1]
}
