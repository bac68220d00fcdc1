//go:build !race

package worktest

const raced = false
