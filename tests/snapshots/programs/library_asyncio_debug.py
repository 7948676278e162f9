import asyncio
async def f():
    raise ValueError('in a task')
async def main():
    t = asyncio.create_task(f())
    await asyncio.sleep(0.01)
    r = await asyncio.gather(t, return_exceptions=True)
    print(r)
    async with asyncio.timeout(1): await asyncio.sleep(0)
asyncio.run(main())
