//go:build race

package worktest

const raced = true
