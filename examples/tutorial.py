"""The tutorial on convolutional networks, every call of it, as a PyTorch program.

Run it under PyTorch or under tatami; it prints the same:

    python examples/tutorial.py
    python -m tatami run examples/tutorial.py
"""

import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        # 1 image channel, 6 output channels, 3x3 kernel
        self.conv1 = nn.Conv2d(1, 6, 3)
        self.conv2 = nn.Conv2d(6, 16, 3)
        # 32 -> 30 -> 15 -> 13 -> 6, so 16 channels of 6x6
        self.fc1 = nn.Linear(16 * 6 * 6, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), (2, 2))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = x.view(-1, self.num_flat_features(x))
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)

    def num_flat_features(self, x):
        count = 1
        for length in x.size()[1:]:
            count *= length
        return count


torch.manual_seed(0)
net = Net()
print(net)

params = list(net.parameters())
print(len(params))
print([tuple(p.size()) for p in params])
print(params[0])
print(sum(p.numel() for p in params), "parameters")

input = torch.randn(1, 1, 32, 32)
out = net(input)
print(out)

net.zero_grad()
out.backward(torch.randn(1, 10))
print(net.conv1.bias.grad)

output = net(input)
target = torch.randn(10)
print(target)
target = target.view(1, -1)
criterion = nn.MSELoss()
loss = criterion(output, target)
print(loss)

print(loss.grad_fn.name())
node = loss.grad_fn
while node.next_functions:
    node = node.next_functions[0][0]
    if node is None:
        break
    print(node.name())
linear = loss.grad_fn.next_functions[0][0]
print([None if f is None else f.name() for f, _ in linear.next_functions])

net.zero_grad()
print("conv1.bias.grad before backward")
print(net.conv1.bias.grad)
loss.backward(retain_graph=True)
print("conv1.bias.grad after backward")
print(net.conv1.bias.grad)
once = net.conv1.bias.grad.clone()
loss.backward()
print("gradients accumulate:", torch.allclose(net.conv1.bias.grad, 2 * once))

learning_rate = 0.01
for f in net.parameters():
    f.data.sub_(f.grad.data * learning_rate)

optimizer = optim.SGD(net.parameters(), lr=0.01)
print(optimizer)
for step in range(10):
    optimizer.zero_grad()
    output = net(input)
    loss = criterion(output, target)
    loss.backward()
    optimizer.step()
    print(step, round(loss.item(), 4))

with torch.no_grad():
    print(net(torch.randn(2, 1, 30, 30)).shape)
    print(net(input).requires_grad)

try:
    net(torch.randn(1, 1, 28, 28))
except RuntimeError as error:
    print("28x28:", str(error).splitlines()[0])

print(list(net.state_dict())[:3])
