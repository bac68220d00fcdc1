package redis_test

import (
	"context"
	"fmt"
	"log"

	"github.com/winnowmail/winnow"
	"github.com/winnowmail/winnow/storage/redis"
)

// A program shares its state with others through a Redis server. The URL may
// come from its configuration; a server that is down is no error of Open.
func Example() {
	ctx := context.Background()
	options, err := redis.Parse("redis://127.0.0.1:6379/0?prefix=winnow:")
	if err != nil {
		log.Fatal(err)
	}
	store, err := redis.Open(ctx, options)
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	scanner, err := winnow.New(winnow.Options{Store: store})
	if err != nil {
		log.Fatal(err)
	}
	defer scanner.Close(ctx)

	res, err := scanner.Scan(ctx, &winnow.Message{Body: winnow.FromBytes([]byte("Subject: hello\r\n\r\n"))})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(res.Action)
	for _, warning := range store.Stats().Warnings {
		fmt.Println("the server may lose data:", warning)
	}
}
