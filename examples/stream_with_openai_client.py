# SPDX-License-Identifier: Apache-2.0
"""Stream an answer with OpenAI's own client.

fastfront serve --sim                            (in another terminal)
pip install openai
python examples/stream_with_openai_client.py     (or with a base URL and a prompt as arguments)
"""

from __future__ import annotations

import sys

from openai import OpenAI


def main(base_url: str = "http://127.0.0.1:8000/v1", prompt: str = "What is a streaming API good for?") -> None:
    """Ask the first model there is, and print its answer as it comes."""
    client = OpenAI(base_url=base_url, api_key="none needed")
    model = client.models.list().data[0].id
    stream = client.chat.completions.create(
        model=model,
        messages=[{"role": "user", "content": prompt}],
        stream=True,
        stream_options={"include_usage": True},
    )
    for chunk in stream:
        for choice in chunk.choices:
            print(choice.delta.content or "", end="", flush=True)
        if chunk.usage is not None:
            print(f"\n[{chunk.usage.prompt_tokens} tokens in, {chunk.usage.completion_tokens} out]")


if __name__ == "__main__":
    main(*sys.argv[1:])
