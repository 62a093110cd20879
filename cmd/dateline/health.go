package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

type healthCmd struct {
	URL     string        `arg:"" optional:"" name:"url" default:"http://127.0.0.1:9464/readyz" help:"What to ask: /readyz or /healthz of a process with --metrics, or /healthz of serve."`
	Timeout time.Duration `default:"8s" help:"Longest time to wait for the answer."`
}

func (healthCmd) Help() string {
	return `Asks a Dateline that runs whether it is well: exit code 0 where it answers 200, else 1. For the health checks of containers, in which there is nothing else to ask with.

Examples:

    dateline health
    dateline health http://127.0.0.1:8080/healthz`
}

func (c *healthCmd) run(ctx context.Context, p *process) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return usagef("address %q: want http://127.0.0.1:9464/readyz", c.URL)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 4<<10))
	if err != nil {
		return fmt.Errorf("ask for health: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s: %s", c.URL, res.Status, body)
	}
	_, err = fmt.Fprintf(p.out, "%s\n", body)
	return err
}
