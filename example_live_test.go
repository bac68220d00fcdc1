package winnow_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/winnowmail/winnow"
)

// A server reads its configuration anew: what serves holds the Live, and mail that
// is in work when the Swap comes ends under the old Scanner.
func ExampleLive() {
	ctx := context.Background()
	options := winnow.Options{}
	scanner, err := winnow.New(options)
	if err != nil {
		log.Fatal(err)
	}
	live := winnow.NewLive(scanner)
	defer live.Close(ctx)

	show := func() {
		res, err := live.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(testMessage))})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.Action)
	}
	show()

	options.Layer = winnow.Layer{Disable: []string{"GTUBE"}} // read from the new configuration
	next, err := winnow.New(options)
	if err != nil {
		log.Fatal(err) // a server logs it and goes on: the old Scanner is still in force
	}
	patience, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := live.Swap(patience, next); err != nil {
		log.Fatal(err)
	}
	show()
	// Output:
	// reject
	// no action
}

// A tenant has a Scanner of its own, which shares all that the Scanner of the
// site has started.
func ExampleScanner_With() {
	ctx := context.Background()
	site, err := winnow.New(winnow.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer site.Close(ctx) // closes the tenant's too
	tenant, err := site.With(winnow.Layer{Disable: []string{"GTUBE"}})
	if err != nil {
		log.Fatal(err)
	}

	for _, scanner := range []*winnow.Scanner{site, tenant} {
		res, err := scanner.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(testMessage))})
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(res.Action)
	}
	_, err = site.With(winnow.Layer{Weights: map[string]float64{"GTUB": 1}})
	fmt.Println(err)
	// Output:
	// reject
	// no action
	// winnow: bad options: layer 0: score: weight of unknown symbol "GTUB"; did you mean "GTUBE"?
}
