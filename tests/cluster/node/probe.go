package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// serveEcho answers every request with the pod's name: the other end of the cluster's self-test.
func serveEcho(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("echo", flag.ExitOnError)
	address := flags.String("address", ":8080", "where to listen")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return err
	}
	server := &http.Server{
		Addr:              *address,
		ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, name)
		}),
	}
	go func() {
		<-ctx.Done()
		server.Close()
	}()
	if err := server.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

// probe is the self-test's pod without a shell: it fetches -get, appends to -append and prints the
// file, prints the environment variable -env, and ends with an error where one of them fails.
func probe(_ context.Context, arguments []string) error {
	flags := flag.NewFlagSet("probe", flag.ExitOnError)
	get := flags.String("get", "", "a URL to fetch")
	file := flags.String("append", "", "a file to append a line to")
	env := flags.String("env", "", "an environment variable that must be set")
	timeout := flags.Duration("timeout", 5*time.Second, "how long the fetch may take")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if *env != "" {
		if os.Getenv(*env) == "" {
			return fmt.Errorf("%s is not set", *env)
		}
		fmt.Println(os.Getenv(*env))
	}
	if *file != "" {
		if err := appendLine(*file); err != nil {
			return err
		}
	}
	if *get != "" {
		return fetch(*get, *timeout)
	}
	return nil
}

func appendLine(path string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := fmt.Fprintf(file, "uid %d\n", os.Getuid()); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, file)
	return err
}

func fetch(url string, timeout time.Duration) error {
	web := http.Client{Timeout: timeout}
	response, err := web.Get(url)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	_, err = io.Copy(os.Stdout, response.Body)
	return err
}
