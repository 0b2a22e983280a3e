package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	api "k8s.io/kubelet/pkg/apis/deviceplugin/v1beta1"
)

// gpuPlugin offers devices that exist in name only: enough for scheduling and accounting, and the
// container is told which ones it got the way NVIDIA's plugin tells it.
type gpuPlugin struct {
	api.UnimplementedDevicePluginServer
	ids []string
}

func (p *gpuPlugin) devices() []*api.Device {
	var devices []*api.Device
	for _, id := range p.ids {
		devices = append(devices, &api.Device{ID: id, Health: api.Healthy})
	}
	return devices
}

func (p *gpuPlugin) GetDevicePluginOptions(context.Context, *api.Empty) (*api.DevicePluginOptions, error) {
	return &api.DevicePluginOptions{}, nil
}

func (p *gpuPlugin) ListAndWatch(_ *api.Empty, stream api.DevicePlugin_ListAndWatchServer) error {
	if err := stream.Send(&api.ListAndWatchResponse{Devices: p.devices()}); err != nil {
		return err
	}
	<-stream.Context().Done()
	return nil
}

func (p *gpuPlugin) Allocate(_ context.Context, request *api.AllocateRequest) (*api.AllocateResponse, error) {
	response := &api.AllocateResponse{}
	for _, container := range request.ContainerRequests {
		response.ContainerResponses = append(response.ContainerResponses, &api.ContainerAllocateResponse{
			Envs: map[string]string{"NVIDIA_VISIBLE_DEVICES": strings.Join(container.DevicesIds, ",")},
		})
	}
	return response, nil
}

// serve listens on a socket of its own and registers it with the kubelet.
func (p *gpuPlugin) serve(ctx context.Context, folder, socket, resource string) (*grpc.Server, error) {
	path := filepath.Join(folder, socket)
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	server := grpc.NewServer()
	api.RegisterDevicePluginServer(server, p)
	go func() {
		if err := server.Serve(listener); err != nil {
			log.Printf("gpu: serving ended: %v", err)
		}
	}()
	connection, err := grpc.NewClient("unix://"+filepath.Join(folder, "kubelet.sock"),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		server.Stop()
		return nil, err
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	_, err = api.NewRegistrationClient(connection).Register(ctx, &api.RegisterRequest{
		Version: api.Version, Endpoint: socket, ResourceName: resource,
	})
	if err != nil {
		server.Stop()
		return nil, fmt.Errorf("registering with the kubelet: %w", err)
	}
	return server, nil
}

// offerGPUs serves until it is stopped. A kubelet that restarts empties the folder of sockets, and
// wants to be registered with anew.
func offerGPUs(ctx context.Context, arguments []string) error {
	flags := flag.NewFlagSet("gpu", flag.ExitOnError)
	count := flags.Int("count", 2, "how many devices to offer")
	resource := flags.String("resource", "nvidia.com/gpu", "the resource's name")
	folder := flags.String("folder", strings.TrimSuffix(api.DevicePluginPath, "/"), "the kubelet's folder of plugin sockets")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	plugin := &gpuPlugin{}
	for i := range *count {
		plugin.ids = append(plugin.ids, fmt.Sprintf("GPU-00000000-0000-0000-0000-%012d", i))
	}
	const socket = "meninx-gpu.sock"
	var server *grpc.Server
	for {
		_, err := os.Stat(filepath.Join(*folder, socket))
		if server == nil || os.IsNotExist(err) {
			if server != nil {
				server.Stop()
			}
			if server, err = plugin.serve(ctx, *folder, socket, *resource); err != nil {
				log.Printf("gpu: %v; trying again", err)
			} else {
				log.Printf("gpu: %d of %s registered", *count, *resource)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(2 * time.Second):
		}
	}
}
