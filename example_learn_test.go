package winnow_test

import (
	"context"
	"fmt"
	"log"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/bayes"
	"github.com/winnowmail/winnow/storage"
)

// A user moves a message to the junk folder and, seeing that this was a mistake,
// back again. What was learned lies in the store, which a program opens with
// storage/bolt or storage/redis.
func ExampleScanner_Learn() {
	ctx := context.Background()
	learner, err := bayes.Open(ctx, bayes.Options{Store: storage.NewMemory(storage.MemoryOptions{})})
	if err != nil {
		log.Fatal(err)
	}
	defer learner.Close()
	scanner, err := winnow.New(winnow.Options{Learner: learner})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	learn := func(class bayes.Class) {
		res, err := scanner.Learn(ctx, &winnow.Message{Body: winnow.FromBytes([]byte(ordinary))}, class, winnow.LearnOptions{})
		if err != nil {
			log.Fatal(err)
		}
		known := scanner.Learned()
		fmt.Println(res.Outcome, "spam:", known.Spam, "ham:", known.Ham)
	}
	learn(bayes.Spam)
	learn(bayes.Spam) // a message counts once
	learn(bayes.Ham)
	// Output:
	// learned spam: 1 ham: 0
	// already spam: 1 ham: 0
	// learned spam: 0 ham: 1
}
